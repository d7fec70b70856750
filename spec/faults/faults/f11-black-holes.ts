import { ALL, type Fault } from '../support/fault.js';

const TOLERANCE_MS = 1_000;

/** The holder's packets go nowhere, for half a ttl and for three; what was sent meanwhile arrives when it is over. */
export const fault: Fault = {
  id: 'F11',
  title: 'black hole before the holder, for half a ttl and for three',
  databases: ['postgres', 'pgbouncer', 'mariadb', 'mysql'],
  criteria: ALL,
  workload: 'keep',

  async inject(world) {
    const kept = await world.holder();
    const watch = world.watch();
    world.fault('black hole for half a ttl', kept);
    kept.proxy?.blackHole();
    await world.sleep(world.ttlMs / 2);
    kept.proxy?.heal();
    await watch.next('renewed', ({ who }) => who === kept.who);

    const lost = await world.holder();
    const losing = world.watch();
    world.fault('black hole for three ttls', lost);
    lost.proxy?.blackHole();
    world.over('the holder was cut off', TOLERANCE_MS);
    await losing.next('lost', ({ who }) => who === lost.who);
    await world.sleep(world.ttlMs * 2);
    lost.proxy?.heal();
    world.over('black hole', TOLERANCE_MS + world.ttlMs * 3); // somebody keeps it for so long
    await world.grants(2);
  },
};
