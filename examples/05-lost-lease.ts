// A lease can be lost while its holder works: the database was out of reach, or, as here, an operator took the lock away.
import { setTimeout as sleep } from 'node:timers/promises';
import { QueryTypes } from 'sequelize';
import { type Lease, LeaseLostError, LockRegistry } from 'sequelize-distributed-lock';
import { TemporaryDatabase } from './temporary-database.js';

await using database = await TemporaryDatabase.create();
await using locks = new LockRegistry(database.connect(), { ttl: '600ms' });
await using operator = new LockRegistry(database.connect());

/** Runs `body` and takes its lock away; the holder learns of it at its next renewal, 200 ms later at most. */
async function runAndLose<T>(title: string, body: (lease: Lease) => Promise<T>): Promise<void> {
  const work = locks.run('report', async (lease) => {
    await operator.forceRelease('report', { now: true });
    return body(lease);
  });
  const outcome = await work.then(
    (value) => `resolved with ${String(value)}`,
    (error: unknown) => {
      if (error instanceof LeaseLostError) return `${error.code} (${error.reason}), result ${String(error.result)}`;
      return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    },
  );
  console.log(`${title}: ${outcome}`);
}

// 1. The signal stops what understands signals: timers, fetch, streams, child processes. The body's own error is what the caller gets.
await runAndLose('signal', ({ signal }) => sleep(5_000, 'all of it', { signal }));

// 2. Asked right before the step that cannot be taken back. It compares with the clock, so it needs no timer and no statement.
await runAndLose('assertHeld', async (lease) => {
  await sleep(500);
  lease.assertHeld();
  return 'sent';
});

// 3. A body that notices nothing: its result comes inside the error, because it must not pass for a good one.
await runAndLose('unaware', async () => {
  await sleep(500);
  return '42 rows';
});

// 4. Between the loss and the moment when the holder knows of it there is time to do harm. Only the store that is written to can refuse:
//    it keeps the highest token that it has seen and takes nothing from a lower one.
const store = database.connect();
await store.query('CREATE TABLE report (id INTEGER PRIMARY KEY, author TEXT, token INTEGER)');
await store.query("INSERT INTO report VALUES (1, 'nobody', 0)");

async function write(author: string, { fencingToken }: Lease): Promise<void> {
  const [, rows] = await store.query('UPDATE report SET author = ?, token = ? WHERE token <= ?', {
    replacements: [author, fencingToken, fencingToken],
    type: QueryTypes.UPDATE,
  });
  console.log(`fence: ${author} ${rows === 1 ? 'wrote' : 'was refused'}`);
}

const stale = await locks.acquire('report');
await operator.forceRelease('report', { now: true });
await using fresh = await operator.acquire('report');
await write('the new holder', fresh);
await write('the old holder', stale);
