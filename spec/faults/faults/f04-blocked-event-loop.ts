import { ALL, type Fault } from '../support/fault.js';

const TOLERANCE_MS = 250;

/** Nothing of the holder runs for two ttls, its timers and renewals included; then everything that was due runs at once. */
export const fault: Fault = {
  id: 'F4',
  title: 'event loop of the holder blocked for two ttls',
  databases: ['postgres', 'sqlite', 'mariadb', 'mysql'],
  criteria: ALL,
  smoke: true,
  ttlMs: 600,

  async inject(world) {
    for (const line of ['holding', 'writing'] as const) {
      await world.ambush(line, { do: 'block', ms: world.ttlMs * 2 });
      world.over('the event loop was blocked', TOLERANCE_MS);
      await world.sleep(world.ttlMs * 2);
      await world.grants(2);
    }
  },
};
