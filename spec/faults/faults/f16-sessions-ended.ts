import { ALL, type Fault } from '../support/fault.js';

const TIMES = 12;
const TOLERANCE_MS = 1_000;
const END_ONE = `SELECT pg_terminate_backend(pid) AS ended FROM (SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%distributed_lock%' ORDER BY random() LIMIT 1) AS one`;

/** An administrator ends sessions, one after the other. */
export const fault: Fault = {
  id: 'F16',
  title: 'sessions ended at random',
  databases: ['postgres', 'pgbouncer'],
  criteria: ALL,

  async inject(world) {
    for (let times = 0; times < TIMES; times++) {
      const ended = await world.scene.query(END_ONE);
      if (ended.length > 0) world.fault('session ended');
      await world.sleep(100 + 100 * world.random());
    }
    world.over('sessions ended', TOLERANCE_MS);
  },
};
