import type { LockStatements } from '../../../contracts/dialect.js';
import { changed, toLockView } from '../rows.js';
import { bound } from './bound.js';
import { said } from './changes.js';
import { LONGEST_STATEMENT_S } from './settings.js';
import { ms, seen, us } from './sql.js';

/** What operators ask for. */
export function operatorStatements(table: string): Pick<LockStatements, 'revoke' | 'list' | 'prune'> {
  // One that is revoked already is not changed, and held all the same.
  const revoke = bound(
    'dlock_revoke',
    `UPDATE ${table} FORCE INDEX (PRIMARY) SET revoked = 1 + 0 * LAST_INSERT_ID(1)
    WHERE name = :key AND owner IS NOT NULL AND expires_at > ${ms}`,
  );

  const listText = `SELECT CONVERT(l.name USING ascii) AS name, l.released_at, l.revoked, ${seen} FROM ${table} l WHERE l.expires_at > ${ms}`;
  const list = bound('dlock_list', `${listText} ORDER BY l.name`);
  const inspect = bound('dlock_inspect', `${listText} AND l.name = :key`);

  // A row's last token must be older than any clock that a statement under way has read: made anew by such a one, it would hand out numbers
  // that it had handed out before.
  const prune = bound(
    'dlock_prune',
    `DELETE FROM ${table}
    WHERE GREATEST(expires_at, COALESCE(released_at, 0)) <= ${ms} - GREATEST(:idleMs, ${LONGEST_STATEMENT_S * 1_000})
      AND (line = '' OR line_until <= ${ms}) AND token_top < ${us}`,
  );

  return {
    revoke: (key) => ({ statement: revoke({ key }), read: (rows) => said(rows) > 0 }),
    list: (key) => ({ statement: key === undefined ? list() : inspect({ key }), read: (rows) => rows.map(toLockView) }),
    prune: (idleMs) => ({ statement: prune({ idleMs }), read: changed }),
  };
}
