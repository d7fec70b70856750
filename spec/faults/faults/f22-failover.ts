import { ALL, type Fault } from '../support/fault.js';

const TOLERANCE_MS = 5_000;

/** The primary dies and its synchronous standby takes over: what was granted there is known here. */
export const fault: Fault = {
  id: 'F22',
  title: 'failover to a synchronous standby',
  databases: ['standby'],
  criteria: ALL,
  prepare: async ({ scene }) => scene.pair?.synchronous(),

  async inject(world) {
    await world.holder();
    world.fault('primary killed, standby promoted');
    await world.scene.pair?.failOver();
    world.over('failover', TOLERANCE_MS);
    await world.grants(5);
  },
};
