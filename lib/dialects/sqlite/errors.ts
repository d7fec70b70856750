import type { Failure } from '../../contracts/session.js';
import { driverError, missingTable, notDone, refused, unknown } from '../sql/failures.js';

/** A database that no lock can be kept in, whoever asks again. */
export class UnfitDatabaseError extends Error {
  override readonly name = 'UnfitDatabaseError';
}

/**
 * By result code (https://www.sqlite.org/rescode.html), under the name that `sqlite3` gives it. A statement that fails is rolled back,
 * and what is not listed fails again.
 */
const byCode: Readonly<Record<string, Failure>> = {
  SQLITE_BUSY: notDone, // another connection writes, or reads what a commit needs
  SQLITE_LOCKED: notDone, // likewise within a shared cache
  SQLITE_PROTOCOL: notDone, // lost the race for a WAL file's lock
  SQLITE_SCHEMA: notDone, // the schema changed too often meanwhile
  SQLITE_ABORT: notDone,
  SQLITE_INTERRUPT: notDone,
  SQLITE_NOMEM: notDone,
  SQLITE_FULL: notDone, // no space left
  SQLITE_MISUSE: notDone, // the connection is closed; there will be another
  // "No such table" has no code of its own. Only a statement that does not fit the table, or the version, fails like this at all,
  // so the table is worth a look before this is anybody's error.
  SQLITE_ERROR: missingTable,
  SQLITE_IOERR: unknown, // perhaps after the commit was written and before it was safe
};

/** What an error of `sqlite3` says about the row. Never reads the message. */
export function classify(error: unknown, sent: boolean): Failure {
  if (error instanceof UnfitDatabaseError) return refused;
  const { code } = driverError(error);
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return sent ? unknown : notDone;
  const failure = byCode[code] ?? refused;
  return sent ? failure : { ...failure, outcome: 'not-done' };
}
