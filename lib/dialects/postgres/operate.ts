import type { LockStatements } from '../../contracts/dialect.js';
import { toLockView } from '../sql/rows.js';
import { SERVER_TIMEOUT_MS } from './driver.js';
import { clock, seen } from './sql.js';

/** What operators ask for. */
export function operatorStatements(table: string): Pick<LockStatements, 'revoke' | 'list' | 'prune'> {
  const revokeText = `WITH ${clock}
    UPDATE ${table} l SET revoked = true FROM clock c WHERE l.name = $1 AND l.owner IS NOT NULL AND l.expires_at > c.ms RETURNING true AS revoked`;

  const listText = `WITH ${clock} SELECT l.name, l.released_at, l.revoked, ${seen('l')} FROM ${table} l, clock c WHERE l.expires_at > c.ms`;

  // A row's last token must be older than any clock that a statement under way has read: made anew by such a one, which found no row when
  // it started, it would hand out numbers that it had handed out before.
  const pruneText = `WITH ${clock}
    DELETE FROM ${table} WHERE name IN (
      SELECT l.name FROM ${table} l, clock c
      WHERE greatest(l.expires_at, l.released_at) <= c.ms - greatest($1::bigint, ${SERVER_TIMEOUT_MS})
        AND (l.line = '' OR l.line_until <= c.ms) AND l.token_top < c.us
      FOR UPDATE OF l SKIP LOCKED
    ) RETURNING name`;

  return {
    revoke: (key) => ({ statement: { id: 'dlock_revoke', text: revokeText, values: [key] }, read: (rows) => rows.length > 0 }),
    list: (key) => ({
      statement:
        key === undefined
          ? { id: 'dlock_list', text: `${listText} ORDER BY l.name`, values: [] }
          : { id: 'dlock_inspect', text: `${listText} AND l.name = $1`, values: [key] },
      read: (rows) => rows.map(toLockView),
    }),
    prune: (idleMs) => ({ statement: { id: 'dlock_prune', text: pruneText, values: [idleMs] }, read: (rows) => rows.length }),
  };
}
