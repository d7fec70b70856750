import type { Failure } from '../../../contracts/session.js';
import { conflict, driverError, missingTable, notDone, refused, unknown } from '../failures.js';
import { FollowUpError } from '../follow-ups.js';

/** The server behind this connection takes no writes now; another connection may find one that does. */
const demoted: Failure = { ...notDone, useless: true };

/**
 * By error number (https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html,
 * https://mariadb.com/kb/en/mariadb-error-code-reference/). What is not listed fails again.
 */
const byNumber: Readonly<Record<number, Failure>> = {
  1205: notDone, // lock wait timeout: the statement is rolled back, which is all there is of its transaction
  1213: conflict, // deadlock, or a conflict between nodes of a cluster
  1020: conflict, // the row has changed since the snapshot
  3572: notDone, // a row lock that was not to be waited for
  1040: notDone, // too many connections
  1203: notDone, // too many connections of this user
  1226: notDone, // more statements or connections than this user may have
  1461: notDone, // too many prepared statements
  1615: notDone, // to be prepared again
  1412: notDone, // the table's definition has changed meanwhile
  1021: notDone, // disk full
  1037: notDone, // out of memory
  1038: notDone, // out of memory for sorting
  1041: notDone, // out of memory
  1114: notDone, // no space left for the table
  1243: demoted, // no such prepared statement: this is another server than a moment ago
  1047: demoted, // a cluster's node without its primary component
  1290: demoted, // read_only
  1792: demoted, // a transaction that is read only
  1836: demoted, // the server is read only
  1146: missingTable,
  1054: missingTable, // no such column: another version's table
  1176: missingTable, // no such key: likewise
  1053: unknown, // the server is shutting down
  1180: unknown, // an error during COMMIT, such as a cluster's node that is cut off: the others may have it or not
  1317: unknown, // interrupted
  1927: unknown, // the connection was killed
  1969: unknown, // max_statement_time
  3024: unknown, // max_execution_time
  1158: unknown, // packets lost on the way, from here on
  1159: unknown,
  1160: unknown,
  1161: unknown,
  4031: unknown, // closed by the server meanwhile
};

/** Where a schema is named that does not exist; while connecting it is the application's own database. */
const UNKNOWN_DATABASE = 1049;

/** What a driver's error says about the row. Never reads the message. */
export function classify(error: unknown, sent: boolean): Failure {
  if (error instanceof FollowUpError) return { ...classify(error.cause, true), outcome: 'unknown' };
  const number = serverErrorOf(error);
  if (number === undefined) return sent ? unknown : notDone;
  if (number === UNKNOWN_DATABASE) return sent ? missingTable : refused;
  const failure = byNumber[number] ?? refused;
  return sent || failure.missingTable ? failure : { ...failure, outcome: 'not-done' };
}

// A number of the server's comes with a SQLSTATE. The drivers' own errors have numbers of the system's, which are negative, or above 45000.
function serverErrorOf(error: unknown): number | undefined {
  const { errno, sqlState } = driverError(error);
  return typeof errno === 'number' && errno >= 1_000 && errno < 45_000 && typeof sqlState === 'string' ? errno : undefined;
}
