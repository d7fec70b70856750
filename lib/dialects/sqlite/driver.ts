import type { Driver } from '../../contracts/driver.js';
import { all, IN_MEMORY, opened, type SqliteConstructor, type SqliteDatabase } from './database.js';
import { classify, UnfitDatabaseError } from './errors.js';
import { PreparedStatements } from './prepared-statements.js';

/** Longer waits are slept in JavaScript: SQLite sleeps in Node's thread pool, and four sleepers there stop every file and name look-up. */
const BUSY_TIMEOUT_MS = 50;

/** Of connections that are ours alone. */
const statementsOf = new WeakMap<SqliteDatabase, PreparedStatements>();

/** `sqlite3`'s own database object, past `sequelize.query`. The journal mode is the application's affair. */
export const driver: Driver<SqliteDatabase> = {
  async prepare(database) {
    if (database.filename === IN_MEMORY) return privateDatabase(database);
    database.configure('busyTimeout', BUSY_TIMEOUT_MS);
    await refuseUnfit(database);
    return keepingStatements(database);
  },

  run: (database, { text, values }) => statementsOf.get(database)?.all(text, values) ?? all(database, text, values),

  // Closing waits by itself for the statement that is under way, and nobody waits for the closing.
  destroy(database) {
    if (!inMemory(database)) database.close(() => undefined);
  },

  onBroken(database, fn) {
    if (!inMemory(database)) database.once('close', fn);
  },

  unfenceable: (database) =>
    inMemory(database) ? 'A transaction in memory cannot be fenced: its locks are in a database of their own. Use a file.' : undefined,

  // An open file keeps no process alive.
  keepAlive: () => undefined,

  classify,
};

/** A database's version, whether its clock has milliseconds (since 3.42), and its file: empty where there is none. */
const fitness = `SELECT sqlite_version() AS version, unixepoch('subsec') IS NOT NULL AS precise,
  (SELECT file FROM pragma_database_list WHERE name = 'main') AS file`;

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

/** Keeps its statements prepared until somebody closes it, whoever that is. */
function keepingStatements(database: SqliteDatabase): SqliteDatabase {
  const statements = new PreparedStatements(database);
  statementsOf.set(database, statements);
  const close = database.close.bind(database);
  return Object.assign(database, {
    close(closed: (error: Error | null) => void) {
      statements.finalize();
      return close(closed);
    },
  });
}

/**
 * The application's in-memory database is one connection with its transactions in it, whose rollback would take the rows of locks along.
 * So each has a database beside it for locks alone, which all registries of that Sequelize share and none of them closes.
 */
const privateDatabases = new WeakMap<SqliteDatabase, Promise<SqliteDatabase>>();

function privateDatabase(application: SqliteDatabase): Promise<SqliteDatabase> {
  const known =
    privateDatabases.get(application) ?? opened(application.constructor as SqliteConstructor, IN_MEMORY).then(keepingStatements);
  privateDatabases.set(application, known);
  return known;
}

/** Either the application's own, or the one beside it: neither is ours to close. */
const inMemory = (database: SqliteDatabase) => database.filename === IN_MEMORY;
