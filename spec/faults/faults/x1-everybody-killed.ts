import { allBut, type Fault } from '../support/fault.js';

/** A deployment kills holder and waiters, and who comes after them does not wait: a line of the dead must not keep the lock. */
export const fault: Fault = {
  id: 'X1',
  title: 'holder and all waiters killed, then only callers that skip',
  databases: ['postgres', 'sqlite', 'mariadb', 'mysql'],
  // Each of the dead in line has a claim, during which those who do not wait find the lock busy: C4 bounds that below.
  criteria: allBut('C6'),

  async inject(world) {
    const victims = [...world.crew.workers];
    for (const victim of victims) {
      world.fault('kill', victim);
      await world.crew.kill(victim);
    }
    await world.crew.start(2, 'skip');
    // A claim for each who stood in line, all but the holder, from when somebody asks: the claims of the dead only go by where somebody looks.
    world.over('everybody killed, and somebody asks', (victims.length - 1) * world.ttlMs);
    await world.grants(5);
  },
};
