import { LockFactory } from '@verrou/core';
import { knexStore } from '@verrou/core/drivers/knex';
import knex, { type Knex } from 'knex';
import type { Contender } from './contender.js';

/** `@verrou/core` with its defaults: a ttl of 30 s, and a look every 250 ms. */
export const verrou: Contender = async ({ url, connections }) => {
  const connection = knex({ ...configOf(url), ...(connections === undefined ? {} : { pool: { min: 0, max: connections } }) });
  const store = knexStore({ connection, tableName: 'verrou' });
  const locks = new LockFactory(store.factory());
  return {
    async acquire(name) {
      const lock = locks.createLock(name);
      if (!(await lock.acquire())) throw new Error(`verrou gave up waiting for ${name}.`);
      return () => lock.release();
    },
    close: () => connection.destroy(),
  };
};

function configOf(url: string): Knex.Config {
  return url.startsWith('sqlite:')
    ? { client: 'sqlite3', connection: { filename: url.slice('sqlite:'.length) }, useNullAsDefault: true }
    : { client: 'pg', connection: url };
}
