import { replaceDatabaseClock, setDatabaseClock } from '../support/database-clock.js';
import { allBut, type Fault } from '../support/fault.js';

const MINUTE_MS = 60_000;

/**
 * The database's clock steps ahead, and everybody asks without waiting: asks that say until when they may run must learn the new time.
 * Until they do, a free lock is busy to them.
 */
export const fault: Fault = {
  id: 'X3',
  title: 'database clock a minute ahead, only callers that skip',
  databases: ['postgres'],
  criteria: allBut('C2', 'C5row', 'C6'),
  workload: 'skip',
  prepare: replaceDatabaseClock,

  async inject(world) {
    await setDatabaseClock(world, MINUTE_MS);
    world.over('step of the clock', 1_000);
    await world.grants(10, 8_000);
  },
};
