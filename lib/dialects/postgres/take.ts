import type { AskAnswer, Claim, LockStatements } from '../../contracts/dialect.js';
import { LONGEST_LINE_MS, MOST_IN_LINE, PLACE_LENGTH } from '../../contracts/line.js';
import type { Row } from '../../contracts/session.js';
import { toGrant, toJoinAnswer } from '../sql/rows.js';
import {
  asynchronousCommit,
  clock,
  clockRow,
  headOf,
  lineLives,
  lineLivesAt,
  nextToken,
  nextTokenFrom,
  notifyOwner,
  reserved,
  seen,
  tailOf,
} from './sql.js';

const inTime = '($7::bigint IS NULL OR c.ms <= $7)';
const mine = '(l.owner = $2 AND NOT l.revoked)';

// In an upsert the row that could not be inserted is at hand as "excluded", and carries the moment and its token.
const moment = 'excluded.acquired_at';
const lives = lineLivesAt(moment);
const token = nextTokenFrom('excluded.token');
const toAnother = `(NOT ${mine} AND ${lives} AND ${headOf('l.line')} <> $2)`;

// One SKIP LOCKED does three things: an ask never waits, not behind a fenced transaction nor behind another ask; a busy row is neither
// written nor given a transaction id; and who is skipped here has been taken by somebody else. What it lets through is locked and free.
// Where no row is somebody else's there is none, or it is the asker's own, which may be locked by who joins the line at this moment.
//
// Whoever gets a yes may work for a whole ttl from its first send on, so an owner that asks again, and a head of the line that asks
// instead of confirming, get a whole ttl too: what a hand-over reserved is shorter.
//
// Rows that two make at once must differ in every key but the name: a conflict there would be an error. Hence the server process.
//
// No column of an index changes but where a lock is taken from who did not give it back, so the row stays on its page and the indexes as they
// are (https://www.postgresql.org/docs/current/storage-hot.html).
const taking = (table: string, clock: string) => `
  INSERT INTO ${table} AS l (name, owner, token, token_top, acquired_at, expires_at, holder, label, line, line_until, revoked, seized)
  SELECT $1, $2, c.us, ${reserved('c.us')}, c.ms, c.ms + $3::bigint, $5, $6, '', 0, false, pg_backend_pid()
  FROM ${clock} c WHERE ${inTime} AND (
    (SELECT true FROM ${table} l WHERE l.name = $1 AND (${mine} OR l.expires_at <= c.ms) FOR UPDATE OF l SKIP LOCKED)
    OR NOT EXISTS (SELECT FROM ${table} WHERE name = $1 AND owner IS DISTINCT FROM $2)
  )
  ON CONFLICT (name) DO UPDATE SET
    owner = CASE WHEN ${mine} THEN l.owner WHEN ${lives} THEN ${headOf('l.line')} ELSE $2 END,
    line = CASE WHEN ${mine} THEN l.line WHEN ${lives} THEN ${tailOf('l.line')} ELSE '' END,
    token = CASE WHEN ${mine} THEN l.token ELSE ${token} END,
    token_top = CASE WHEN ${mine} THEN l.token_top ELSE ${reserved(token)} END,
    acquired_at = CASE WHEN ${mine} THEN l.acquired_at ELSE ${moment} END,
    expires_at = CASE WHEN ${mine} THEN greatest(l.expires_at, excluded.expires_at)
      WHEN ${toAnother} THEN ${moment} + $4::bigint ELSE excluded.expires_at END,
    released_at = NULL,
    holder = CASE WHEN ${toAnother} THEN '' ELSE $5 END,
    label = CASE WHEN ${toAnother} THEN '' ELSE $6 END,
    revoked = false,
    seized = CASE WHEN l.owner IS NULL OR l.owner = $2 THEN l.seized ELSE ${token} END
  WHERE ${mine} OR l.expires_at <= ${moment}`;

const notified = `CASE WHEN l.owner <> $2 THEN ${notifyOwner('l.owner')} END AS notified`;

// Nothing comes back where nothing was taken, and no token where it was handed to the head of the line: each column that an answer has more
// costs every ask that finds the lock free.
const askText = (table: string) => `${taking(table, clockRow())}
  RETURNING CASE WHEN l.owner = $2 THEN l.token END AS token, l.token_top, l.acquired_at, l.line, ${notified}`;

/** It was granted at the moment of the statement, or of the one before that was not answered. */
function toAnswer(row: Row | undefined): AskAnswer {
  if (!row || row['token'] === null) return { kind: 'busy', now: undefined, occupant: undefined };
  return { kind: 'granted', grant: toGrant({ ...row, now: row['acquired_at'] }) };
}

const claimValues = ({ key, owner, ttlMs, claimMs, holder, label, notAfter }: Claim) => [
  key,
  owner,
  ttlMs,
  claimMs,
  holder,
  label,
  notAfter ?? null,
];

// Who finds the row free meanwhile stands nowhere and asks again: a line without an owner would be nobody's to advance.
//
// The commit of a place in line waits for no disk, so the row is locked no longer than it takes: the one whose turn it is confirms just then.
//
// Under READ COMMITTED this statement still sees the row as it was when it started, which is what an answer needs that says who is in the way.
const joinText = (table: string) => `WITH ${clock}, taken AS (${taking(table, 'clock')} RETURNING ${seen('l')}, ${notified}
), stood AS (
  UPDATE ${table} l SET
    line = CASE WHEN NOT ${lineLives} THEN $2 || ',' WHEN strpos(l.line, $2) > 0 THEN l.line ELSE l.line || $2 || ',' END,
    line_until = greatest(l.line_until, c.ms + least($8::bigint, ${LONGEST_LINE_MS}))
  FROM clock c
  WHERE l.name = $1 AND l.owner IS DISTINCT FROM $2 AND l.expires_at > c.ms AND ${inTime}
    AND (NOT ${lineLives} OR length(l.line) < ${MOST_IN_LINE * PLACE_LENGTH} OR strpos(l.line, $2) > 0)
    AND NOT EXISTS (SELECT FROM taken)
  RETURNING ${seen('l')}${asynchronousCommit}
) SELECT c.ms AS now, a.* FROM clock c LEFT JOIN (
  SELECT ${seen('taken')} FROM taken UNION ALL SELECT ${seen('stood')} FROM stood
  UNION ALL SELECT ${seen('l', 'nullif(l.owner, $2)')} FROM ${table} l
    WHERE l.name = $1 AND NOT EXISTS (SELECT FROM taken) AND NOT EXISTS (SELECT FROM stood)
) a ON true`;

const advanceText = (table: string) => `WITH ${clock}, advanced AS (
  UPDATE ${table} l SET
    owner = ${headOf('l.line')}, line = ${tailOf('l.line')}, token = ${nextToken}, token_top = ${reserved(nextToken)},
    acquired_at = c.ms, expires_at = c.ms + $2::bigint, released_at = NULL, holder = '', label = '', revoked = false,
    seized = CASE WHEN l.owner IS NULL THEN l.seized ELSE ${nextToken} END
  FROM clock c
  WHERE l.name = (SELECT f.name FROM ${table} f, clock c WHERE f.name = $1 AND f.expires_at <= c.ms FOR UPDATE OF f SKIP LOCKED)
    AND l.expires_at <= c.ms AND ${lineLives}
  RETURNING l.owner
) SELECT ${notifyOwner('owner')} AS notified FROM advanced`;

const confirmText = (table: string) => `
  UPDATE ${table} l SET expires_at = greatest(l.expires_at, c.ms + $3::bigint), acquired_at = c.ms, holder = $4, label = $5
  FROM ${clockRow()} c WHERE l.name = $1 AND l.owner = $2 AND NOT l.revoked
  RETURNING c.ms AS now, l.token, l.token_top, l.acquired_at, l.line`;

/** How a lock changes hands. */
export function takingStatements(table: string): Pick<LockStatements, 'ask' | 'join' | 'advance' | 'confirm'> {
  const ask = askText(table);
  const [join, advance, confirm] = [joinText(table), advanceText(table), confirmText(table)];

  return {
    ask: (claim) => ({
      statement: { id: 'dlock_ask', text: ask, values: claimValues(claim) },
      read: ([row]) => toAnswer(row),
    }),

    join: (claim) => ({
      statement: { id: 'dlock_join', text: join, values: [...claimValues(claim), Math.min(claim.waitMs, LONGEST_LINE_MS)] },
      read: ([row]) => toJoinAnswer(row, claim),
    }),

    advance: (key, claimMs) => ({
      statement: { id: 'dlock_advance', text: advance, values: [key, claimMs] },
      read: () => undefined,
    }),

    confirm: ({ key, owner, ttlMs, holder, label }) => ({
      statement: { id: 'dlock_confirm', text: confirm, values: [key, owner, ttlMs, holder, label] },
      read: ([row]) => row && toGrant(row),
    }),
  };
}
