import type { Driver } from '../../contracts/driver.js';
import type { Row } from '../../contracts/session.js';
import { classify, UnfitDatabaseError } from './errors.js';

type Answer = (error: Error | null, rows: Row[]) => void;

/** A database of `sqlite3`, by shape: the package is optional. */
export interface SqliteDatabase {
  readonly filename: string;
  all(sql: string, values: readonly unknown[], answer: Answer): unknown;
  configure(option: 'busyTimeout', ms: number): unknown;
  close(closed: (error: Error | null) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
}

type SqliteConstructor = new (filename: string, opened: (error: Error | null) => void) => SqliteDatabase;

const IN_MEMORY = ':memory:';

/** Longer waits are slept in JavaScript: SQLite sleeps in Node's thread pool, and four sleepers there stop every file and name look-up. */
const BUSY_TIMEOUT_MS = 50;

/** A database's version, whether its clock has milliseconds (since 3.42), and its file: empty where there is none. */
const fitness = `SELECT sqlite_version() AS version, unixepoch('subsec') IS NOT NULL AS precise,
  (SELECT file FROM pragma_database_list WHERE name = 'main') AS file`;

/** `sqlite3`'s own database object, past `sequelize.query`. The journal mode is the application's affair. */
export const driver: Driver<SqliteDatabase> = {
  async prepare(database) {
    if (database.filename === IN_MEMORY) return privateDatabase(database);
    database.configure('busyTimeout', BUSY_TIMEOUT_MS);
    await refuseUnfit(database);
    return database;
  },

  run: (database, { text, values }) => all(database, text, values),

  // Closing waits by itself for the statement that is under way, and nobody waits for the closing.
  destroy(database) {
    if (!isPrivate(database)) database.close(() => undefined);
  },

  onBroken(database, fn) {
    if (!isPrivate(database)) database.once('close', fn);
  },

  // An open file keeps no process alive.
  keepAlive: () => undefined,

  classify,
};

// Always `all`: it steps to the end, where the commit is. `get` would stop at the first row, and a commit that fails after that is silent.
const all = (database: SqliteDatabase, text: string, values: readonly unknown[] = []) =>
  new Promise<readonly Row[]>((resolve, reject) => {
    database.all(text, values, (error, rows) => (error ? reject(error) : resolve(rows)));
  });

async function refuseUnfit(database: SqliteDatabase): Promise<void> {
  const [row] = await all(database, fitness);
  if (row?.['precise'] !== 1) throw new UnfitDatabaseError(`SQLite ${String(row?.['version'])} is too old to keep locks; it takes 3.42.`);
  // Each connection to such a database sees one of its own, unless they share a cache.
  if (row['file'] === '' && !database.filename.includes('cache=shared')) {
    throw new UnfitDatabaseError(
      `The SQLite database "${database.filename}" is one connection's alone; locks need a file or "${IN_MEMORY}".`,
    );
  }
}

/**
 * The application's in-memory database is one connection with its transactions in it, whose rollback would take the rows of locks along.
 * So each has a database beside it for locks alone, which all registries of that Sequelize share and none of them closes.
 */
const privateDatabases = new WeakMap<SqliteDatabase, Promise<SqliteDatabase>>();

function privateDatabase(application: SqliteDatabase): Promise<SqliteDatabase> {
  const known = privateDatabases.get(application) ?? opened(application.constructor as SqliteConstructor);
  privateDatabases.set(application, known);
  return known;
}

const opened = (Database: SqliteConstructor) =>
  new Promise<SqliteDatabase>((resolve, reject) => {
    const database = new Database(IN_MEMORY, (error) => (error ? reject(error) : resolve(database)));
  });

/** The application's own in-memory connections are never handed out, so one that is in memory is ours. */
const isPrivate = (database: SqliteDatabase) => database.filename === IN_MEMORY;
