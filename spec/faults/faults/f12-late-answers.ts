import { ALL, type Fault } from '../support/fault.js';

/** Answers that come later than the lease they grant, and ways that are slower in one direction. */
export const fault: Fault = {
  id: 'F12',
  title: 'answers late by more than a ttl, and by 100 ms one way',
  databases: ['postgres', 'mariadb', 'mysql'],
  criteria: ALL,

  async inject(world) {
    const [one, other] = world.crew.workers;
    world.fault('answers late by more than a ttl', one);
    one?.proxy?.delay('to the client', world.ttlMs * 1.2);
    await world.sleep(world.ttlMs * 3);
    one?.proxy?.heal();
    for (const direction of ['to the client', 'to the server'] as const) {
      world.fault(`100 ms ${direction}`, other);
      other?.proxy?.delay(direction, 100);
      await world.sleep(world.ttlMs);
      other?.proxy?.heal();
    }
    world.over('late answers', 1_000);
  },
};
