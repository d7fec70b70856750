import { replaceDatabaseClock, setDatabaseClock } from '../support/database-clock.js';
import { allBut, type Fault } from '../support/fault.js';

const HOUR_MS = 3_600_000;

/** The database's clock steps back under a holder and in the middle of hand-overs: tokens rise all the same. Nobody dies meanwhile: that would cost the hour. */
export const fault: Fault = {
  id: 'F7',
  title: 'database clock an hour back while held',
  databases: ['postgres', 'faketime'],
  criteria: allBut('C4', 'C6', 'C7'),
  prepare: replaceDatabaseClock,

  async inject(world) {
    await world.holder();
    await setDatabaseClock(world, -HOUR_MS);
    await world.grants(15);
    // And further back: setting it right again would be a jump ahead, which is another fault.
    await setDatabaseClock(world, -2 * HOUR_MS);
    await world.grants(15);
  },
};
