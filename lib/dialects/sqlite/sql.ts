import { OWNER_ID_LENGTH, PLACE_LENGTH } from '../../contracts/line.js';
import { TOKENS_RESERVED } from '../../core/fencing-token.js';
import { type TableName, spokenTable } from '../../core/table-name.js';

/** SQLite has no schemas: as with Sequelize's own models, `ops.distributed_lock` is a table with a dot in its name. */
export const quotedTable = (name: TableName) => `"${spokenTable(name).replaceAll('"', '""')}"`;

/**
 * The clock, in whole milliseconds. However often a statement names it, it is one moment: SQLite's "now" stands still within one
 * `sqlite3_step()` (https://www.sqlite.org/lang_datefunc.html), and all changes and all rows of RETURNING are made in the first
 * (https://www.sqlite.org/lang_returning.html#processing_order). That moment comes after the wait for the file's lock.
 */
export const now = `CAST(round(unixepoch('subsec') * 1000) AS INTEGER)`;

/** The same in microseconds, as tokens are counted; there is no finer clock. */
export const nowUs = `(${now} * 1000)`;

/** The line `l` lives at `moment`: somebody in it may still be waiting. */
export const lineLives = (moment: string) => `(l.line <> '' AND l.line_until > ${moment})`;

export const headOf = (line: string) => `substr(${line}, 1, ${OWNER_ID_LENGTH})`;
export const tailOf = (line: string) => `substr(${line}, ${PLACE_LENGTH + 1})`;
export const waitersIn = (line: string) => `length(${line}) / ${PLACE_LENGTH}`;

/** A new grant's token on the row `l` at `us`, and the highest number it may hand out. */
export const nextToken = (us: string) => `max(l.token_top + 1, ${us})`;
export const reserved = (token: string) => `${token} + ${TOKENS_RESERVED}`;

/** What every answer about a row is read from. RETURNING takes no prefix. */
export const seen = 'owner, token, token_top, acquired_at, expires_at, holder, label, line';
