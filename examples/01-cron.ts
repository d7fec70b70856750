// Every replica has the same schedule, and the job runs once a tick all the same.
import { setTimeout as sleep } from 'node:timers/promises';
import { Cron } from 'croner';
import { EXECUTION_SKIPPED, LockRegistry, withLock } from 'sequelize-distributed-lock';
import { TemporaryDatabase } from './temporary-database.js';

const TICKS = 3;
await using database = await TemporaryDatabase.create();
await using one = new LockRegistry(database.connect());
await using other = new LockRegistry(database.connect());
let outcomes = 0;

function schedule(replica: string, registry: LockRegistry, lateMs: number): void {
  const writeReport = withLock(
    'report',
    async () => {
      await sleep(20);
      console.log(`${replica} wrote the report`);
    },
    // minHold: the job takes 20 ms and the other replica's clock is 300 ms late. It must still find the lock taken.
    { registry, onBusy: 'skip', minHold: '500ms' },
  );

  new Cron('* * * * * *', { maxRuns: TICKS }, async () => {
    await sleep(lateMs);
    if ((await writeReport()) === EXECUTION_SKIPPED) console.log(`${replica} skipped it`);
    outcomes++;
  });
}

schedule('replica 1', one, 0);
schedule('replica 2', other, 300);
while (outcomes < 2 * TICKS) await sleep(50);
