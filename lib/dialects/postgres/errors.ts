import type { Failure } from '../../contracts/session.js';
import { conflict, driverError, missingTable, notDone, refused, unknown } from '../sql/failures.js';

/** The server behind this connection is not the primary any more; another connection may find the one that is. */
const demoted: Failure = { ...notDone, useless: true };

/** By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), whole or by its class of two characters. */
const bySqlState: Readonly<Record<string, Failure>> = {
  '40001': conflict, // serialization_failure
  '40P01': conflict, // deadlock_detected
  '55P03': notDone, // lock_not_available
  '53': notDone, // out of connections, memory, disk
  '57P03': notDone, // cannot_connect_now: starting up
  '25006': demoted, // read_only_sql_transaction: a standby, or a failover under way
  '42P05': notDone, // duplicate_prepared_statement: a transaction pooler; the driver sends it again, unnamed
  '26': notDone, // invalid_sql_statement_name: likewise
  '42P01': missingTable,
  '3F000': missingTable, // invalid_schema_name
  '42703': missingTable, // undefined_column: another version's table
  '57': unknown, // terminated by an operator or by a time-out, perhaps while committing
  '08': unknown, // connection exceptions
  '40': unknown, // 40003: statement_completion_unknown
};

/** Connections that were refused; everything else about a socket leaves the outcome unknown once the statement was sent. */
const wrongCredentials = new Set(['28P01', '28000', '3D000']);

/** What an error of `pg` says about the row. Never reads the message. */
export function classify(error: unknown, sent: boolean): Failure {
  const code = sqlStateOf(error);
  if (code === undefined) return sent ? unknown : notDone;
  if (wrongCredentials.has(code)) return refused;
  const failure = bySqlState[code] ?? bySqlState[code.slice(0, 2)] ?? refused;
  return sent || failure.missingTable ? failure : { ...failure, outcome: 'not-done' };
}

// The driver's own errors carry names such as ECONNRESET in the same field; a SQLSTATE has five characters and comes with a severity.
function sqlStateOf(error: unknown): string | undefined {
  const { code, severity } = driverError(error);
  return typeof code === 'string' && code.length === 5 && typeof severity === 'string' ? code : undefined;
}
