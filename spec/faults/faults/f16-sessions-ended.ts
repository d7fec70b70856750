import { ALL, type Fault } from '../support/fault.js';

const TIMES = 12;
const TOLERANCE_MS = 1_000;
/** An administrator ends sessions, one after the other. */
export const fault: Fault = {
  id: 'F16',
  title: 'sessions ended at random',
  databases: ['postgres', 'pgbouncer', 'mariadb', 'mysql'],
  criteria: ALL,

  async inject(world) {
    for (let times = 0; times < TIMES; times++) {
      if (await world.scene.endSession?.()) world.fault('session ended');
      await world.sleep(100 + 100 * world.random());
    }
    world.over('sessions ended', TOLERANCE_MS);
  },
};
