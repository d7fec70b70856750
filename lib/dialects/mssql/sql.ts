import { OWNER_ID_LENGTH, PLACE_LENGTH } from '../../contracts/line.js';
import type { Statement } from '../../contracts/session.js';
import { TOKENS_RESERVED } from '../../core/fencing-token.js';
import type { TableName } from '../../core/table-name.js';

export const quoted = (identifier: string) => `[${identifier.replaceAll(']', ']]')}]`;
export const literal = (text: string) => `N'${text.replaceAll("'", "''")}'`;

/** The table with the indexes that its statements name. */
export interface Table {
  /** Quoted. */
  readonly name: string;
  /** The hints by which a row is found through the key over (name), and through the one over (name, owner). */
  readonly byName: string;
  readonly byOwner: string;
  /** The names of these keys, quoted. */
  readonly nameKey: string;
  readonly ownerKey: string;
}

/** A constraint's name belongs to its schema, hence the table's in it. */
export function tableOf({ schema, table }: TableName): Table {
  const name = schema === undefined ? quoted(table) : `${quoted(schema)}.${quoted(table)}`;
  const [nameKey, ownerKey] = [quoted(`${table}_by_name`), quoted(`${table}_by_owner`)];
  return { name, nameKey, ownerKey, byName: `INDEX(${nameKey}), FORCESEEK`, byOwner: `INDEX(${ownerKey}), FORCESEEK` };
}

/** Compares bytes, whatever the collation of the database. Keys and ids are ASCII without blanks at their end, which no collation would see. */
export const BYTES = 'COLLATE Latin1_General_BIN2';

export const NAME = 'varchar(1400)';
export const OWNER = `varchar(${OWNER_ID_LENGTH})`;
export const WHOLE = 'bigint';
export const TEXT = 'nvarchar(255)';
export const LIST = 'nvarchar(max)';

/** No row is waited for any longer: what waits is tried again soon, and judges by a clock that is not old. */
const LOCK_WAIT_MS = 1_000;

/**
 * What a batch is under, whatever the server, the database, the login or the application prefers: the driver sends it through sp_executesql,
 * and what is SET there is as it was when that returns (https://learn.microsoft.com/sql/t-sql/statements/set-statements-transact-sql).
 * With XACT_ABORT an error ends the whole batch, so that nothing goes on as if the statement before had merely found no row.
 */
const settings = (isolation: Isolation) => `SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET ROWCOUNT 0;
SET LOCK_TIMEOUT ${LOCK_WAIT_MS}; SET TRANSACTION ISOLATION LEVEL ${isolation};`;

/**
 * REPEATABLE READ for what uses READPAST: under READ COMMITTED the server refuses that where the database has READ_COMMITTED_SNAPSHOT on
 * (https://learn.microsoft.com/sql/t-sql/queries/hints-transact-sql-table#readpast).
 */
export type Isolation = 'READ COMMITTED' | 'REPEATABLE READ';

/**
 * The clock, read once at the start of a batch, in whole microseconds, whatever time zone, DATEFORMAT or language: within one query the server
 * would read it once for each place that names it, and a batch has several queries.
 *
 * A statement that waits for a row judges and writes by a time before its wait. That errs on the safe side only: a lease that was over then is
 * over, a new one ends sooner than it might, though never before its holder's own deadline, which counts from before the batch was sent;
 * and a token is above those that the row shows after the wait. Nor is the wait a long one (LOCK_TIMEOUT).
 */
const clock = `DECLARE @us bigint = DATEDIFF_BIG(MICROSECOND, DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7), SYSUTCDATETIME());
DECLARE @ms bigint = @us / 1000`;

/**
 * Makes statements of a body that names its values, such as `@owner`, and has the clock as `@ms` and `@us`. Declared with the types of the
 * columns that they are compared with: a driver sends text as nvarchar, for which no index would be sought.
 */
export function batch(
  id: string,
  types: Readonly<Record<string, string>>,
  body: string,
  isolation: Isolation = 'READ COMMITTED',
): (values?: Readonly<Record<string, unknown>>) => Statement {
  const names = Object.keys(types);
  const declared = names.map((name, at) => `, @${name} ${types[name] ?? ''} = @p${at + 1}`);
  const text = `${settings(isolation)}\n${clock}${declared.join('')};\n${body}`;
  return (values = {}) => ({ id, text, values: names.map((name) => values[name] ?? null) });
}

export const greatest = (a: string, b: string) => `CASE WHEN ${a} >= ${b} THEN ${a} ELSE ${b} END`;

/** The line of the row `l` lives: somebody in it may still be waiting. */
export const lineLives = `(l.line <> '' AND l.line_until > @ms)`;

export const head = `LEFT(l.line, ${OWNER_ID_LENGTH})`;
export const tail = `SUBSTRING(l.line, ${PLACE_LENGTH + 1}, 8000)`;
/** A line is ASCII, so its bytes are its characters; LEN would not count blanks. */
export const waitersIn = (line: string) => `DATALENGTH(${line}) / ${PLACE_LENGTH}`;

/** A new grant's token on the row `l`, and the highest number it may hand out. */
export const nextToken = greatest('l.token_top + 1', '@us');
export const reserved = (token: string) => `${token} + ${TOKENS_RESERVED}`;

/** What every answer about a row is read from. */
export const seen = (row: string, owner = `${row}.owner`) =>
  `${owner} AS owner, ${row}.token, ${row}.token_top, ${row}.acquired_at, ${row}.expires_at, ${row}.holder, ${row}.label, ${row}.line`;

/**
 * A list as JSON, one row for each of its members, which are lists themselves; needs the database's compatibility level 130
 * (https://learn.microsoft.com/sql/t-sql/functions/openjson-transact-sql).
 */
export function listed(json: string, columns: Readonly<Record<string, string>>): string {
  const defined = Object.entries(columns).map(([name, type], at) => `${name} ${type} '$[${at}]'`);
  return `OPENJSON(${json}) WITH (${defined.join(', ')})`;
}

/** The row `l` of what was `listed` as `a`. */
export const sameName = `l.name = a.name ${BYTES}`;
export const sameOwner = `l.owner = a.owner ${BYTES}`;
