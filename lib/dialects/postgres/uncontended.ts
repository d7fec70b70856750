import type { Grant, LockStatements } from '../../contracts/dialect.js';
import type { Row } from '../../contracts/session.js';
import { TOKENS_RESERVED } from '../../core/fencing-token.js';
import { changed, toNumber } from '../sql/rows.js';
import { commitsAsynchronously, microsecondsAt, nextTokenFrom, reserved } from './sql.js';

// What most locks need most of the time: nobody is in the way, and nobody waits. Every CASE, subselect and column of a statement is made ready
// each time it runs, used or not, and an upsert gets a row ready for both ways: the full statements cost the server a third more.

/** The clock, read where it is named: both statements take one number from it. */
const microseconds = microsecondsAt('clock_timestamp()');

// SKIP LOCKED as in the full ask: it waits for nobody, a fenced transaction included, and writes nothing where the lock is busy. What it lets
// through is as it was found, since it is locked. OFFSET keeps the planner from reading the clock wherever it is named.
const takeFreeText = (table: string) => `
  UPDATE ${table} l SET owner = $2, token = ${nextTokenFrom('c.us')}, token_top = ${reserved(nextTokenFrom('c.us'))},
    acquired_at = c.us / 1000, expires_at = c.us / 1000 + $3::bigint, released_at = NULL, holder = $4, label = $5, revoked = false
  FROM (SELECT ${microseconds} AS us OFFSET 0) c
  WHERE l.name = (SELECT f.name FROM ${table} f WHERE f.name = $1 AND f.owner IS NULL AND f.expires_at = 0 AND f.line = '' FOR UPDATE SKIP LOCKED)
    AND ($6::bigint IS NULL OR c.us / 1000 <= $6)
  RETURNING l.token, l.acquired_at`;

const releaseLoneText = (table: string) => `
  UPDATE ${table} SET owner = NULL, token = greatest($3::bigint, token), token_top = greatest($3::bigint, token),
    expires_at = 0, released_at = ${microseconds} / 1000, revoked = false
  WHERE name = $1 AND owner = $2 AND line = '' AND ${commitsAsynchronously}`;

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

    releaseLone: ({ key, owner, usedToken }) => ({
      statement: { id: 'dlock_release_lone', text: releaseLone, values: [key, owner, usedToken] },
      read: (rows) => changed(rows) > 0,
    }),
  };
}
