import type { Row } from '../../contracts/session.js';

type Answer = (error: Error | null, rows: Row[]) => void;
type Done = (error: Error | null) => void;

/** A database of `sqlite3`, by shape: the package is optional. */
export interface SqliteDatabase {
  readonly filename: string;
  all(sql: string, values: readonly unknown[], answer: Answer): unknown;
  prepare(sql: string, prepared: Done): SqliteStatement;
  configure(option: 'busyTimeout', ms: number): unknown;
  close(closed: Done): unknown;
  once(event: 'close', listener: () => void): unknown;
}

export interface SqliteStatement {
  all(values: readonly unknown[], answer: Answer): unknown;
  reset(done: Done): unknown;
  finalize(): unknown;
}

export type SqliteConstructor = new (filename: string, opened: Done) => SqliteDatabase;

/** `sqlite3`'s name for a database without a file. */
export const IN_MEMORY = ':memory:';

// Always `all`: it steps to the end, where the commit is. `get` would stop at the first row, and a commit that fails after that is silent.
export const all = (database: SqliteDatabase, text: string, values: readonly unknown[] = []) =>
  new Promise<readonly Row[]>((resolve, reject) => {
    database.all(text, values, (error, rows) => (error ? reject(error) : resolve(rows)));
  });

export const opened = (Database: SqliteConstructor, filename: string) =>
  new Promise<SqliteDatabase>((resolve, reject) => {
    const database = new Database(filename, (error) => (error ? reject(error) : resolve(database)));
  });
