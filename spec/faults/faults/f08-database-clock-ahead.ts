import { LockRegistry } from '../../../lib/index.js';
import { connect } from '../../support/databases.js';
import { replaceDatabaseClock, setDatabaseClock } from '../support/database-clock.js';
import { allBut, type Fault } from '../support/fault.js';

const HOUR_MS = 3_600_000;
/** A renewal every third of a ttl of 800 ms and a quarter for its answer, with room for a busy machine. */
const LOST_WITHIN_MS = 2_000;

/** The database's clock steps ahead: every lease is over there, somebody takes the lock, and its holder learns that with the next renewal. */
export const fault: Fault = {
  id: 'F8',
  title: 'database clock an hour ahead while held',
  databases: ['postgres', 'faketime'],
  criteria: allBut('C2', 'C4', 'C5row', 'C6', 'C7'),
  workload: 'keep',
  prepare: replaceDatabaseClock,

  async inject(world) {
    // It has not asked yet, so it takes what is over there at once; the next renewal would set it right.
    const sequelize = connect((await world.scene.newWay()).directUrl);
    const taker = new LockRegistry(sequelize, { ttl: world.ttlMs });
    await taker.inspect(world.lockName);
    await world.holder();
    const watch = world.watch();
    await setDatabaseClock(world, HOUR_MS);
    // Where a worker's ask was on its way, that one took it. Taken it was in any case: its holder hears of it.
    const taken = await taker.tryAcquire(world.lockName);
    await watch.next('lost', undefined, LOST_WITHIN_MS);
    await taken?.release();
    await world.grants(2);
    await setDatabaseClock(world, 0);
    await world.grants(2);
    await taker.close();
    await sequelize.close();
  },
};
