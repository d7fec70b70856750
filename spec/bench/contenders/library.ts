import type * as Library from '../../../lib/index.js';
import { connect } from '../../support/databases.js';
import { builtLibrary } from '../built-library.js';
import type { Client, Contender, Place } from './contender.js';

/** This library with its own defaults. */
export const library: Contender = (place) => open(place);

/** The same, but every release waits until it is on the disk. */
export const libraryWithDurableRelease: Contender = (place) => open(place, withDurableRelease);

/** A registry on `url`, for the tasks that are about this library alone. */
export async function openRegistry(url: string, options: Library.RegistryOptions = {}): Promise<Library.LockRegistry> {
  const { LockRegistry } = await builtLibrary();
  return new LockRegistry(connect(url), options);
}

async function open({ url, connections }: Place, change?: (dialect: Library.Dialect) => Library.Dialect): Promise<Client> {
  const { dialects } = await builtLibrary();
  const locks = await openRegistry(url, {
    ...(connections === undefined ? {} : { connections: { max: connections } }),
    ...(change ? { dialect: change(dialects.postgres) } : {}),
  });
  await locks.createTable();
  return {
    async acquire(name) {
      const lease = await locks.acquire(name);
      return async () => {
        if (!(await lease.release())) throw new Error(`The lease on ${name} had been lost.`);
      };
    },
    close: () => locks.close(),
  };
}

/** What makes a release not wait for the disk: a column of its, or a condition. */
const ASYNCHRONOUS_COMMIT =
  /, set_config\('synchronous_commit', 'off', true\) AS commits| AND set_config\('synchronous_commit', 'off', true\) <> ''/;

function withDurableRelease(dialect: Library.Dialect): Library.Dialect {
  return {
    ...dialect,
    statements(table) {
      const statements = dialect.statements(table);
      const releaseLone = statements.releaseLone?.bind(statements);
      return {
        ...statements,
        release: (release) => durable(statements.release(release)),
        ...(releaseLone && { releaseLone: (release) => durable(releaseLone(release)) }),
      };
    },
  };
}

type Released = ReturnType<ReturnType<Library.Dialect['statements']>['release']>;

function durable({ statement, read }: Released): Released {
  const text = statement.text.replace(ASYNCHRONOUS_COMMIT, '');
  if (text === statement.text) throw new Error('The release of this library does not set synchronous_commit as the bench expects.');
  return { statement: { ...statement, text }, read };
}
