import { OWNER_ID_LENGTH, PLACE_LENGTH } from '../../contracts/line.js';
import { TOKENS_RESERVED } from '../../core/fencing-token.js';
import type { TableName } from '../../core/table-name.js';

const quoted = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;

export const quotedTable = ({ schema, table }: TableName) => (schema === undefined ? quoted(table) : `${quoted(schema)}.${quoted(table)}`);
export const quotedSchema = ({ schema }: TableName) => (schema === undefined ? undefined : quoted(schema));

/** A moment as tokens count it. */
export const microsecondsAt = (moment: string) => `floor(extract(epoch FROM ${moment}) * 1000000)::bigint`;

/** What the clock shows, with more in its select list. */
const clockReading = (more: string) => `
  SELECT floor(extract(epoch FROM t) * 1000)::bigint AS ms, ${microsecondsAt('t')} AS us${more}
  FROM clock_timestamp() AS t`;

/**
 * The clock, read once when the statement runs: `clock_timestamp()`, because `now()` stands still while a statement waits
 * (https://www.postgresql.org/docs/current/functions-datetime.html#FUNCTIONS-DATETIME-CURRENT). Read once so that a token and
 * the numbers reserved behind it cannot come from two moments of a clock that steps back between them.
 */
export const clock = `clock AS MATERIALIZED (${clockReading('')})`;

/** The same where it is read in one place, which costs less. OFFSET keeps the planner from reading it wherever it is named. */
export const clockRow = (more = '') => `(${clockReading(more)} OFFSET 0)`;

const commitLater = `set_config('synchronous_commit', 'off', true)`;

/**
 * In the select list of what frees a lock, or gives a place in line: that may be lost in a server's crash, which costs one lease of waiting, or the
 * place, and never exclusion. A grant may not.
 */
export const asynchronousCommit = `, ${commitLater} AS commits`;

/** The same as a condition, which always holds. */
export const commitsAsynchronously = `${commitLater} <> ''`;

/** The line of the row `l` lives: somebody in it may still be waiting. */
export const lineLivesAt = (ms: string) => `(l.line <> '' AND l.line_until > ${ms})`;
export const lineLives = lineLivesAt('c.ms');

export const headOf = (line: string) => `left(${line}, ${OWNER_ID_LENGTH})`;
export const tailOf = (line: string) => `substr(${line}, ${PLACE_LENGTH + 1})`;
export const waitersIn = (line: string) => `length(${line}) / ${PLACE_LENGTH}`;

/** A new grant's token on the row `l`, and the highest number it may hand out. */
export const nextTokenFrom = (us: string) => `greatest(l.token_top + 1, ${us})`;
export const nextToken = nextTokenFrom('c.us');
export const reserved = (token: string) => `${token} + ${TOKENS_RESERVED}`;

/** The channel of a registry is this and the first half of its owner ids. */
export const CHANNEL_PREFIX = 'dlock_';

/** Wakes a new owner whose registry listens: ids of those begin with "n". */
export const notifyOwner = (owner: string) =>
  `CASE WHEN left(${owner}, 1) = 'n' THEN pg_notify('${CHANNEL_PREFIX}' || ${channelHalf(owner)}, ${owner}) END`;
export const channelHalf = (owner: string) => `left(${owner}, ${OWNER_ID_LENGTH / 2})`;
export const channelOf = (registry: string) => CHANNEL_PREFIX + registry;

/** What every answer about a row is read from. */
export const seen = (row: string, owner = `${row}.owner`) =>
  `${owner} AS owner, ${row}.token, ${row}.token_top, ${row}.acquired_at, ${row}.expires_at, ${row}.holder, ${row}.label, ${row}.line`;
