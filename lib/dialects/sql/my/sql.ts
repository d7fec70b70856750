import { OWNER_ID_LENGTH, PLACE_LENGTH } from '../../../contracts/line.js';
import { TOKENS_RESERVED } from '../../../core/fencing-token.js';
import type { TableName } from '../../../core/table-name.js';

export const quoted = (identifier: string) => `\`${identifier.replaceAll('`', '``')}\``;

export const quotedTable = ({ schema, table }: TableName) => (schema === undefined ? quoted(table) : `${quoted(schema)}.${quoted(table)}`);

/**
 * The clock, in whole microseconds, whatever the time zone of the session, and one moment however often a statement names it: UTC_TIMESTAMP()
 * is when the statement began (https://dev.mysql.com/doc/refman/8.0/en/date-and-time-functions.html#function_now), which is its transaction here.
 *
 * A statement that waits for a row judges and writes by a time before its wait. That errs on the safe side only: a lease that was over then is
 * over, a new one ends sooner than it might, though never before its holder's own deadline, which counts from before the statement was sent;
 * and a token is above those that the row shows after the wait. Nor is the wait a long one (innodb_lock_wait_timeout).
 */
export const us = `TIMESTAMPDIFF(MICROSECOND, DATE'1970-01-01', UTC_TIMESTAMP(6))`;

/** The same in milliseconds. */
export const ms = `(${us} DIV 1000)`;

/** The line of a row lives: somebody in it may still be waiting. */
export const lineLives = `(line <> '' AND line_until > ${ms})`;

export const head = `LEFT(line, ${OWNER_ID_LENGTH})`;
export const tail = `SUBSTRING(line, ${PLACE_LENGTH + 1})`;
export const waiters = `CHAR_LENGTH(line) DIV ${PLACE_LENGTH}`;

/** A new grant's token, and the highest number it may hand out. */
export const nextToken = `GREATEST(token_top + 1, ${us})`;
export const reserved = (token: string) => `${token} + ${TOKENS_RESERVED}`;

/** What every answer about a row is read from. */
export const seen = 'l.owner, l.token, l.token_top, l.acquired_at, l.expires_at, l.holder, l.label, l.line';

/** The only key beside the primary one: over (name, owner). Its name is that of its first column, as the servers give it. */
export const OWNER_KEY = 'name';

/**
 * A list as JSON, one row for each of its members, which are lists themselves.
 * Both servers read it so since their oldest versions that are supported (https://dev.mysql.com/doc/refman/8.0/en/json-table-functions.html).
 */
export function listed(json: string, columns: Readonly<Record<string, string>>): string {
  const defined = Object.entries(columns).map(([name, type], at) => `${name} ${type} PATH '$[${at}]'`);
  return `JSON_TABLE(${json}, '$[*]' COLUMNS (${defined.join(', ')}))`;
}

/** The types of what is listed: keys and ids are ASCII. Compared with a column, its collation is used, which is binary. */
export const NAME = 'VARCHAR(1400) CHARACTER SET ascii';
export const OWNER = `VARCHAR(${OWNER_ID_LENGTH}) CHARACTER SET ascii`;
