import { ALL, type Fault } from '../support/fault.js';

const TOLERANCE_MS = 1_000;

/** Connections are reset (RST): all of a worker's at any moment, and one by one before a statement gets through. */
export const fault: Fault = {
  id: 'F9',
  title: 'connections reset, cut off and refused, at rest and under each statement',
  databases: ['postgres', 'pgbouncer', 'mariadb', 'mysql'],
  criteria: ALL,
  smoke: true,

  async inject(world) {
    for (const statement of ['acquire', 'renew', 'release'] as const) {
      await world.trap('reset request', statement);
      world.over(`reset at ${statement}`, TOLERANCE_MS);
      await world.grants(2);
    }
    const victim = world.someone();
    world.fault('reset at rest', victim);
    victim.proxy?.reset();
    world.over('reset at rest', TOLERANCE_MS);
    await world.grants(2);

    const halved = world.someone();
    world.fault('cut off, and the server is not told', halved);
    halved.proxy?.halfOpen();
    world.over('half open', TOLERANCE_MS);
    await world.grants(2);

    const refused = world.someone();
    world.fault('refused for half a ttl', refused);
    refused.proxy?.refuse();
    await world.sleep(world.ttlMs / 2);
    refused.proxy?.heal();
    world.over('refused', TOLERANCE_MS);
    await world.grants(2);
  },
};
