import type { Grant, LockStatements } from '../../contracts/dialect.js';
import type { Row } from '../../contracts/session.js';
import { TOKENS_RESERVED } from '../../core/fencing-token.js';
import { changed, toNumber } from '../sql/rows.js';
import { asynchronousCommit, clockRow, lineLivesAt, nextTokenFrom, reserved } from './sql.js';

// What most locks need most of the time: nobody is in the way, and nobody waits. Every CASE, subselect and column of a statement is made ready
// each time it runs, used or not, so the full statements cost a third more.

// SKIP LOCKED as in the full ask: it waits for nobody, and writes nothing where the lock is busy.
const takeFreeText = (table: string) => `
  INSERT INTO ${table} AS l (name, owner, token, token_top, acquired_at, expires_at, holder, label, line, line_until, revoked, seized)
  SELECT $1, $2, c.us, ${reserved('c.us')}, c.ms, c.ms + $3::bigint, $4, $5, '', 0, false, pg_backend_pid()
  FROM ${clockRow()} c WHERE ($6::bigint IS NULL OR c.ms <= $6) AND (
    (SELECT true FROM ${table} l WHERE l.name = $1 AND ${freeAt('c.ms')} FOR UPDATE OF l SKIP LOCKED)
    OR NOT EXISTS (SELECT FROM ${table} WHERE name = $1)
  )
  ON CONFLICT (name) DO UPDATE SET
    owner = $2, line = '', token = ${nextTokenFrom('excluded.token')}, token_top = ${reserved(nextTokenFrom('excluded.token'))},
    acquired_at = excluded.acquired_at, expires_at = excluded.expires_at, released_at = NULL, holder = $4, label = $5, revoked = false
  WHERE ${freeAt('excluded.acquired_at')}
  RETURNING l.token, l.acquired_at`;

/** It was given back, its rest is over, and nobody stands in line. */
const freeAt = (ms: string) => `l.owner IS NULL AND l.expires_at <= ${ms} AND NOT ${lineLivesAt(ms)}`;

const releaseLoneText = (table: string) => `
  UPDATE ${table} l SET owner = NULL, token = greatest($3::bigint, l.token), token_top = greatest($3::bigint, l.token),
    expires_at = CASE WHEN $4::bigint > 0 THEN c.ms + $4::bigint ELSE 0 END, released_at = c.ms, revoked = false
  FROM ${clockRow(asynchronousCommit)} c WHERE l.name = $1 AND l.owner = $2 AND l.line = ''`;

/** Two columns tell it all: each more costs the server and the driver. */
function toGrant(row: Row): Grant {
  const [token, acquiredAt] = [toNumber(row['token']), toNumber(row['acquired_at'])];
  return { token, tokenTop: token + TOKENS_RESERVED, acquiredAt, now: acquiredAt, waiters: 0 };
}

/** The quick way for a lock that nobody else wants. */
export function uncontendedStatements(table: string): Required<Pick<LockStatements, 'takeFree' | 'releaseLone'>> {
  const [takeFree, releaseLone] = [takeFreeText(table), releaseLoneText(table)];

  return {
    takeFree: ({ key, owner, ttlMs, holder, label, notAfter }) => ({
      statement: { id: 'dlock_take_free', text: takeFree, values: [key, owner, ttlMs, holder, label, notAfter ?? null] },
      read: ([row]) => (row ? { kind: 'granted', grant: toGrant(row) } : { kind: 'busy', now: undefined, occupant: undefined }),
    }),

    releaseLone: ({ key, owner, usedToken, restMs }) => ({
      statement: { id: 'dlock_release_lone', text: releaseLone, values: [key, owner, usedToken, restMs] },
      read: (rows) => changed(rows) > 0,
    }),
  };
}
