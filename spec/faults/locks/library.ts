import { setTimeout as sleep } from 'node:timers/promises';
import { QueryTypes } from 'sequelize';
import { type Dialect, exponentialPolling, LockRegistry } from '../../../lib/index.js';
import { useCls } from '../../support/cls.js';
import { connect } from '../../support/databases.js';
import type { LockOrders, TestedLock } from './tested-lock.js';

/** How long a worker sleeps between two looks where nothing wakes it: what C4 allows for. */
export const LONGEST_POLL_MS = 200;
const APPLICATION_CONNECTIONS = 2;

/** The library, as an application has it; or with a dialect that is changed. */
export function library({ url, directUrl, ttlMs }: LockOrders, dialect?: Dialect): TestedLock {
  const sequelize = connect(url, { pool: { max: APPLICATION_CONNECTIONS } });
  const direct = connect(directUrl, { pool: { max: 1 } });
  const locks = new LockRegistry(sequelize, {
    ttl: ttlMs,
    polling: exponentialPolling({ ceiling: LONGEST_POLL_MS }),
    ...(dialect && { dialect }),
  });
  return {
    async prepare(lock) {
      await locks.inspect(lock);
    },
    acquire: (lock, wait) => locks.acquire(lock, { wait }),
    run: (lock, wait, body) => locks.run(lock, body, { wait }),
    tryAcquire: (lock) => locks.tryAcquire(lock),
    onRenewed: (heard) => void locks.on('renewed', ({ token }) => heard(token)),

    async hasRow(name, token) {
      const [row] = await direct.query<{ ours: unknown }>(ROW, { replacements: { name, token }, type: QueryTypes.SELECT });
      return Boolean(row?.ours);
    },

    async rolledBack(body) {
      const stop = useCls();
      const rollBack = new Error('roll back');
      try {
        await sequelize.transaction(async () => {
          await sequelize.query('SELECT 1', { type: QueryTypes.SELECT });
          await body();
          throw rollBack;
        });
      } catch (error) {
        if (error !== rollBack) throw error;
      } finally {
        stop();
      }
    },

    async fenced(lock, lease, meanwhile) {
      await lease.transaction?.(async (transaction) => {
        const [row] = await sequelize.query<{ value: unknown }>(READ, { replacements: { lock }, type: QueryTypes.SELECT, transaction });
        await meanwhile();
        const replacements = { lock, token: lease.fencingToken, value: Number(row?.value) + 1 };
        for (const write of WRITES) await sequelize.query(write, { replacements, transaction });
      });
    },

    async exhaust(ms) {
      const taken = await Promise.all(Array.from({ length: APPLICATION_CONNECTIONS }, () => sequelize.transaction()));
      await sleep(ms);
      await Promise.all(taken.map((transaction) => transaction.rollback()));
    },

    async close() {
      await locks.close();
      await Promise.all([sequelize.close(), direct.close()]);
    },
  };
}

// A row says who has it by the numbers that its owner may hand out.
const ROW = `SELECT owner IS NOT NULL AND :token BETWEEN token AND token_top AS ours FROM distributed_lock WHERE name = :name`;

const READ = 'SELECT value FROM fenced WHERE name = :lock';
// The entry's number is drawn while the row is locked, so entries are numbered in the order of their commits.
const WRITES = ['UPDATE fenced SET value = :value WHERE name = :lock', 'INSERT INTO fenced_entry (token, value) VALUES (:token, :value)'];
