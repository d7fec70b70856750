import { allBut, type Fault } from '../support/fault.js';

const TOLERANCE_MS = 5_000;

/** The primary dies with grants that its asynchronous standby never heard of: two may believe until the next renewal, and what the row grants rises. */
export const fault: Fault = {
  id: 'F23',
  title: 'failover to an asynchronous standby that lost grants',
  databases: ['standby'],
  criteria: allBut('C1', 'C2', 'C5row'),

  async inject(world) {
    world.scene.pair?.replication.blackHole();
    await world.grants(3);
    await world.holder();
    world.fault('primary killed with grants that the standby lost');
    await world.scene.pair?.failOver();
    world.over('failover', TOLERANCE_MS);
    await world.grants(5);
  },
};
