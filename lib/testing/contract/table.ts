import { strict as assert } from 'node:assert';
import { LockTableError } from '../../core/errors.js';
import type { Case } from './contract-case.js';
import { failure, granted, numbers } from './outcomes.js';

/** Where the rows are. */
export const table: readonly Case[] = [
  {
    name: 'fails clearly where its table is missing and may not be made, and works as soon as it is there',
    covers: [99],
    async run({ locks, freshName }) {
      const name = freshName();
      const options = { table: freshName(), create: false };
      const registry = locks(options);
      const error = await failure(registry.acquire(name), LockTableError);
      assert.deepEqual([error.code, error.table, error.columns], ['LOCK_TABLE', options.table, []]);
      await failure(registry.inspect(name), LockTableError);
      await locks(options).createTable();
      granted(await registry.tryAcquire(name));
    },
  },
  {
    name: 'makes its table once, whoever else makes it at the same time, and leaves what is in it alone',
    covers: [100],
    async run({ locks, freshName }) {
      const options = { table: freshName(), connections: { max: 1 } };
      const registries = numbers(10).map(() => locks(options));
      await Promise.all(registries.map((registry) => registry.createTable()));
      const lease = granted(await registries[0]?.tryAcquire('kept'));
      await Promise.all(registries.map((registry) => registry.createTable()));
      assert.equal((await registries[1]?.inspect('kept'))?.fencingToken, lease.fencingToken);
    },
  },
];
