// Two policies decide about waiting: a polling policy answers "busy", a retry policy answers "failed". Both are plain functions.
import { setTimeout as sleep } from 'node:timers/promises';
import { Transaction } from 'sequelize';
import { atMost, fixedPolling, isLockError, LockRegistry, type PollingPolicy, type RetryPolicy, within } from 'sequelize-distributed-lock';
import { TemporaryDatabase } from './temporary-database.js';

/** Looks again half-way through what is left of the holder's lease. */
const halfway: PollingPolicy = ({ lockName, attempt, holderRemainingMs = 200 }) => {
  console.log(`${lockName}: busy, look ${attempt}`);
  return Math.max(50, holderRemainingMs / 2);
};

/** Five attempts 100 ms apart, and only where the same statement may succeed soon. */
const persistent: RetryPolicy = async (attempt, { failureOf, clock }) => {
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      if (number === 5 || !failureOf(error).transient) throw error;
      console.log(`the database failed, attempt ${number}`);
      await clock.sleep(100);
    }
  }
};

await using database = await TemporaryDatabase.create();
await using one = new LockRegistry(database.connect());
await using other = new LockRegistry(database.connect(), { polling: halfway, retry: persistent });

// Busy: the polling policy says when to look again. The lease is not renewed, so it ends after 1 s.
await one.acquire('invoices', { ttl: '1s', renew: false });
await other.run('invoices', () => console.log('invoices: got it'));

// Policies are made of policies: a look every 50 ms, for 5 s or four looks, whichever comes first.
const report = await one.acquire('report');
const fourLooks = within('5s', atMost(4, fixedPolling(50)));
await other.acquire('report', { polling: fourLooks }).catch((error: unknown) => {
  if (!isLockError(error)) throw error;
  console.log(`report: gave up, ${error.code}`);
});
await report.release();

// Failed: somebody writes to the SQLite file for 250 ms, so lock statements meet SQLITE_BUSY. That is never taken for a busy lock.
const writer = await database.connect().transaction({ type: Transaction.TYPES.IMMEDIATE });
const work = other.run('export', () => console.log('export: got it'));
await sleep(250);
await writer.commit();
await work;
