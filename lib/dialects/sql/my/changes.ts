import type { Row } from '../../../contracts/session.js';
import { toNumber } from '../rows.js';

/**
 * What a statement that changes rows is answered with: both drivers make one row of it. `insertId` is what the statement gave to
 * LAST_INSERT_ID(), evaluated for each row that it matched, and 0 where it matched none
 * (https://dev.mysql.com/doc/refman/8.0/en/information-functions.html#function_last-insert-id). `affectedRows` counts the rows that it changed
 * or, with another setting of the connection, all that it matched; so it proves something only of statements that change whatever they match.
 */
export interface Change extends Row {
  readonly insertId: number;
  readonly affectedRows: number;
}

export const toChange = ({ insertId, affectedRows }: { readonly insertId?: unknown; readonly affectedRows?: unknown }): Change => ({
  insertId: toNumber(insertId),
  affectedRows: toNumber(affectedRows),
});

/** What the statement said by LAST_INSERT_ID(). */
export const said = ([change]: readonly Row[]) => toNumber(change?.['insertId']);
