import type { Sequelize } from 'sequelize';
import { ConnectionPool } from './adapters/connection-pool.js';
import { isPgPool, type PgPool, pgPoolSource } from './adapters/pg-pool-source.js';
import { dialectNameOf, hasPool, sequelizeSource } from './adapters/sequelize-source.js';
import { borrowing, sharedSource } from './adapters/shared-pool.js';
import { sequelizeTransactions } from './adapters/sequelize-transactions.js';
import type { Clock } from './contracts/clock.js';
import type { Dialect } from './contracts/dialect.js';
import type { Session } from './contracts/session.js';
import type { Transactions } from './contracts/transactions.js';
import { count, rejectUnknown } from './core/option-checks.js';
import * as dialects from './dialects/index.js';
import type { RegistryOptions } from './engine/options.js';

/** What a registry takes its connections from. */
export type LockSource = Sequelize | PgPool;

const IDLE_MS = 10_000;

/** The dialect given, or the one of the source's server. @throws {TypeError} there is none */
export function dialectOf(source: LockSource, given: Dialect | undefined): Dialect {
  if (given) {
    if (typeof (given as Partial<Dialect>).statements !== 'function')
      throw new TypeError('Option "dialect" must be a dialect, such as one of the package\'s `dialects`.');
    return given;
  }
  if (isPgPool(source)) return dialects.postgres;
  if (typeof (source as Partial<Sequelize> | undefined)?.getDialect !== 'function')
    throw new TypeError('A LockRegistry needs a Sequelize instance or a pg.Pool.');
  const name = dialectNameOf(source);
  const known: Readonly<Record<string, Dialect>> = dialects;
  const dialect = known[name];
  if (!dialect)
    throw new TypeError(`There is no dialect "${name}" here, only ${Object.keys(dialects).join(', ')}. Pass one as option "dialect".`);
  return dialect;
}

/** Connections of the registry's own, or the application's. @throws {TypeError} {RangeError} a wrong option "connections" */
export function sessionOf(
  source: LockSource,
  dialect: Dialect,
  clock: Clock,
  connections: NonNullable<RegistryOptions['connections']>,
): Session {
  const { driver, facts } = dialect;
  if (connections === 'shared') {
    if (isPgPool(source)) throw new TypeError('Option "connections": \'shared\' needs a Sequelize instance.');
    // One connection for all that the application does, its transactions included, is nothing to share.
    if (!hasPool(source)) return sessionOf(source, dialect, clock, {});
    return new ConnectionPool(sharedSource(source), borrowing(driver, source), clock, { max: Infinity, idleMs: 0 });
  }
  rejectUnknown(connections, ['max'], 'connections');
  const max = Math.min(count('connections.max', connections.max ?? 2, 1), facts.mostConnections);
  return new ConnectionPool(isPgPool(source) ? pgPoolSource(source) : sequelizeSource(source), driver, clock, { max, idleMs: IDLE_MS });
}

/** The application's transactions; a pool has none that a fence could tell. */
export function transactionsOf(source: LockSource, dialect: Dialect): Transactions | undefined {
  return isPgPool(source) ? undefined : sequelizeTransactions(source, dialect);
}
