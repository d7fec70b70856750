import type { LockStatements } from '../../contracts/dialect.js';
import { toLockView } from '../sql/rows.js';
import { now, nowUs, seen } from './sql.js';

/** What operators ask for. */
export function operatorStatements(table: string): Pick<LockStatements, 'revoke' | 'list' | 'prune'> {
  const revokeText = `UPDATE ${table} AS l SET revoked = true WHERE l.name = ?1 AND l.owner IS NOT NULL AND l.expires_at > ${now} RETURNING name`;

  const listText = `SELECT name, released_at, revoked, ${seen} FROM ${table} WHERE expires_at > ${now}`;

  // A row whose last token is of this very millisecond stays: made anew now, it would hand that number out again.
  const pruneText = `DELETE FROM ${table}
    WHERE max(expires_at, coalesce(released_at, 0)) <= ${now} - ?1 AND (line = '' OR line_until <= ${now}) AND token_top < ${nowUs}
    RETURNING name`;

  return {
    revoke: (key) => ({ statement: { id: 'dlock_revoke', text: revokeText, values: [key] }, read: (rows) => rows.length > 0 }),
    list: (key) => ({
      statement:
        key === undefined
          ? { id: 'dlock_list', text: `${listText} ORDER BY name`, values: [] }
          : { id: 'dlock_inspect', text: `${listText} AND name = ?1`, values: [key] },
      read: (rows) => rows.map(toLockView),
    }),
    prune: (idleMs) => ({ statement: { id: 'dlock_prune', text: pruneText, values: [idleMs] }, read: (rows) => rows.length }),
  };
}
