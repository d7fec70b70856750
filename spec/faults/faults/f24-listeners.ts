import { ALL, type Fault } from '../support/fault.js';

const TIMES = 5;
const END_LISTENERS = `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'`;

/** Notifications stop coming, with an error or, behind a pooler, without one: whoever waits looks by itself. */
export const fault: Fault = {
  id: 'F24',
  title: 'listening connections ended, or useless',
  databases: ['postgres', 'pgbouncer'],
  criteria: ALL,

  async inject(world) {
    for (let times = 0; times < TIMES; times++) {
      const ended = await world.scene.query(END_LISTENERS);
      if (ended.length > 0) world.fault(`${ended.length} listeners ended`);
      else if (world.kind === 'pgbouncer') world.fault('LISTEN is answered and nothing arrives');
      world.over('listeners', 0);
      await world.grants(3);
    }
  },
};
