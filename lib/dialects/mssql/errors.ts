import type { Failure } from '../../contracts/session.js';
import { conflict, driverError, missingTable, notDone, refused, unknown } from '../sql/failures.js';

/** This connection leads to no database that takes writes now; another one may. */
const demoted: Failure = { ...notDone, useless: true };

/**
 * What {@link schemaStatements} throws where another process has been making tables for too long: the server's own answer to that is no error.
 */
export const CREATION_BUSY = 51_222;

/**
 * By error number (https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors,
 * https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues). What is not listed fails again.
 */
const byNumber: Readonly<Record<number, Failure>> = {
  1205: conflict, // deadlock victim: rolled back
  1222: notDone, // LOCK_TIMEOUT: the statement is rolled back, and the rest of its batch does not run
  1204: notDone, // no more locks
  1203: notDone, // likewise
  3960: conflict, // the row has changed since the snapshot
  2601: conflict, // the row was made by somebody else meanwhile
  2627: conflict, // likewise
  2714: notDone, // the table was made by somebody else meanwhile
  701: notDone, // out of memory
  8645: notDone, // no memory in time
  8651: notDone, // likewise
  1101: notDone, // no space left
  1105: notDone, // likewise
  9002: notDone, // no space left in the log
  10928: notDone, // Azure: more sessions or requests than this database may have
  10929: notDone, // likewise
  40501: notDone, // Azure: the service is busy
  49918: notDone, // Azure: too many operations
  49919: notDone,
  49920: notDone,
  [CREATION_BUSY]: notDone,
  3906: demoted, // the database is read only
  976: demoted, // a secondary replica
  978: demoted,
  983: demoted, // a replica whose role is changing
  208: missingTable,
  207: missingTable, // no such column: another version's table
  308: missingTable, // no such index: likewise
  2760: missingTable, // no such schema
  40197: unknown, // Azure: an error while processing the request, as in a failover
  40613: unknown, // Azure: the database is not available now
  596: unknown, // the session was killed
  6005: unknown, // the server is shutting down
  64: unknown, // the network, from here on
  121: unknown,
  233: unknown,
  10053: unknown,
  10054: unknown,
  10060: unknown,
};

/** Of a server's error; above it the connection ends. */
const HIGHEST_SEVERITY_OF_A_STATEMENT = 19;

/** What `tedious` says itself. Anything else about a connection leaves the outcome unknown once the batch was sent. */
const byCode: Readonly<Record<string, Failure>> = {
  EINVALIDSTATE: demoted, // it is busy or closed, and sent nothing
  EPARAM: refused, // a value that its type does not take: nothing was sent
};

interface TediousError {
  readonly code?: unknown;
  readonly number?: unknown;
  readonly class?: unknown;
  readonly isTransient?: unknown;
  /** Where a batch met several, and while connecting. */
  readonly errors?: readonly unknown[];
}

/** What an error of `tedious` says about the row. Never reads the message. */
export function classify(error: unknown, sent: boolean): Failure {
  const { code, number, class: severity, isTransient, errors } = driverError(error) as TediousError;
  if (Array.isArray(errors) && errors.length > 0) return worst(errors.map((one) => classify(one, sent)));
  if (typeof number === 'number') return ofServer(number, Number(severity), sent);
  // The server said no to a login; that it knows of a reason that passes, the driver says.
  if (code === 'ELOGIN') return isTransient === true ? notDone : refused;
  return (typeof code === 'string' ? byCode[code] : undefined) ?? (sent ? unknown : notDone);
}

function ofServer(number: number, severity: number, sent: boolean): Failure {
  const failure = byNumber[number] ?? (severity > HIGHEST_SEVERITY_OF_A_STATEMENT ? unknown : refused);
  return sent || failure.missingTable ? failure : { ...failure, outcome: 'not-done' };
}

/** Of several the one that leaves most open; else the first, which caused the others. */
const worst = (failures: readonly Failure[]): Failure => failures.find(({ outcome }) => outcome === 'unknown') ?? failures[0] ?? unknown;
