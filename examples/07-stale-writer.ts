// A process that is stopped between its check and its write: another one has taken the lock meanwhile, and the late write must not land.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { QueryTypes, Sequelize } from 'sequelize';
import { LeaseLostError, LockRegistry } from 'sequelize-distributed-lock';
import { TemporaryDatabase } from './temporary-database.js';

const [, , storage] = process.argv;
if (storage === undefined) await main();
else await staleWriter(storage);

/** Takes the lock, is stopped for longer than its lease lasts, and goes on as if nothing had happened. */
async function staleWriter(storage: string): Promise<void> {
  const sequelize = new Sequelize({ dialect: 'sqlite', storage, logging: false });
  const locks = new LockRegistry(sequelize, { ttl: '600ms' });
  const lease = await locks.acquire('balance');
  const transaction = await sequelize.transaction();
  lease.assertHeld(); // the check
  process.send?.('stopped');
  process.kill(process.pid, 'SIGSTOP');
  await sequelize.query('UPDATE account SET balance = 1', { transaction }); // the write
  try {
    await lease.fence(transaction);
    await transaction.commit();
    console.log('the stale writer committed');
  } catch (error) {
    await transaction.rollback();
    console.log(`the stale writer was refused: ${error instanceof LeaseLostError ? `${error.code} (${error.reason})` : String(error)}`);
  }
  await locks.close();
  await sequelize.close();
  process.disconnect();
}

async function main(): Promise<void> {
  await using database = await TemporaryDatabase.create();
  const sequelize = database.connect();
  await sequelize.query('CREATE TABLE account (balance INTEGER)');
  await sequelize.query('INSERT INTO account VALUES (0)');

  const child = fork(fileURLToPath(import.meta.url), [database.file], { execArgv: ['--import', import.meta.resolve('tsx')] });
  const ended = once(child, 'exit');
  await once(child, 'message');

  await using locks = new LockRegistry(sequelize, { ttl: '600ms' });
  await locks.run('balance', (lease) =>
    lease.transaction(async (transaction) => {
      await sequelize.query('UPDATE account SET balance = 2', { transaction });
      console.log('the next holder wrote 2');
    }),
  );
  await sleep(50);
  child.kill('SIGCONT');
  await ended;
  const [account] = await sequelize.query<{ balance: number }>('SELECT balance FROM account', { type: QueryTypes.SELECT });
  console.log(`balance: ${account?.balance}`);
}
