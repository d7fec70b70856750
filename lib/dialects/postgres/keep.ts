import type { LockStatements, RenewalAnswer } from '../../contracts/dialect.js';
import type { Row } from '../../contracts/session.js';
import { toNumber, toStandView, toText } from '../sql/rows.js';
import { CHANNEL_PREFIX, channelHalf, channelOf, clock, clockWith, headOf, notifyOwner, reserved, seen, tailOf, waitersIn } from './sql.js';

/** A release may be lost in a server's crash: that costs one lease of waiting and never exclusion. A grant may not. */
const asynchronousCommit = `, set_config('synchronous_commit', 'off', true) AS commits`;

/** How leases are renewed, watched and let go. */
export function keepingStatements(table: string): Pick<LockStatements, 'notify' | 'look' | 'renew' | 'release' | 'free'> {
  const look = `WITH ${clock}
    SELECT a.owner AS asker, c.ms AS now, ${seen('l')}
    FROM unnest($1::text[], $2::text[]) AS a(name, owner) CROSS JOIN clock c LEFT JOIN ${table} l ON l.name = a.name`;
  const [renew, release, free] = [renewText(table), releaseText(table), freeText(table)];

  return {
    notify: (registry, payload) => ({
      statement: { id: 'dlock_notify', text: 'SELECT pg_notify($1, $2)', values: [channelOf(registry), payload] },
      read: () => undefined,
    }),

    look: (stands) => ({
      statement: { id: 'dlock_look', text: look, values: [stands.map(({ key }) => key), stands.map(({ owner }) => owner)] },
      read: (rows) => rows.map(toStandView),
    }),

    renew: (renewals) => ({
      statement: {
        id: 'dlock_renew',
        text: renew,
        values: [renewals.map((r) => r.key), renewals.map((r) => r.owner), renewals.map((r) => r.ttlMs), renewals.map((r) => r.token)],
      },
      read: (rows) => rows.map(toRenewalAnswer),
    }),

    release: ({ key, owner, usedToken, restMs, claimMs }) => ({
      statement: { id: 'dlock_release', text: release, values: [key, owner, usedToken, restMs, claimMs] },
      read: ([row]) => row?.['was_owner'] === true,
    }),

    free: (key, claimMs) => ({
      statement: { id: 'dlock_free', text: free, values: [key, claimMs] },
      read: ([row]) => row !== undefined,
    }),
  };
}

// A row that is not renewed is shown as it is, so that the holder learns in the same answer what became of it.
const renewText = (table: string) => `WITH ${clock}, asked AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS a(name, owner, ttl, token)
  ), renewed AS (
    UPDATE ${table} l SET
      expires_at = greatest(l.expires_at, c.ms + a.ttl),
      token = greatest(l.token, a.token),
      token_top = greatest(l.token_top, ${reserved('a.token')})
    FROM asked a, clock c WHERE l.name = a.name AND l.owner = a.owner AND NOT l.revoked
    RETURNING l.owner, l.token_top, ${waitersIn('l.line')} AS waiters
  )
  SELECT a.owner AS asker, c.ms AS now, r.token_top, r.waiters, l.name, l.owner, l.revoked, l.expires_at
  FROM asked a CROSS JOIN clock c LEFT JOIN renewed r ON r.owner = a.owner LEFT JOIN ${table} l ON l.name = a.name`;

// RETURNING shows a row only as it became, and a second look at it beside the update would see it as it was before the statement, which is
// too early where that waited for another release. So whether the sender owned the row travels in the lowest bit of `line_until`, which
// every release writes: a millisecond more or less for waiters who are dead anyway.
function releaseText(table: string): string {
  const mine = '(l.owner = $2)';
  const rest = `replace(l.line, $2 || ',', '')`;
  const lives = `(${rest} <> '' AND l.line_until > c.ms)`;
  const handsOver = `(${lives} AND $4::bigint = 0)`;
  const used = 'greatest($3::bigint, l.token)';
  const handedToken = `greatest(${used} + 1, c.us)`;
  const ifMine = (handedOver: string, freed: string, column: string) =>
    `CASE WHEN NOT coalesce(${mine}, false) THEN ${column} WHEN ${handsOver} THEN ${handedOver} ELSE ${freed} END`;

  return `WITH ${clockWith(asynchronousCommit)}, freed AS (
    UPDATE ${table} l SET
      owner = ${ifMine(headOf(rest), 'NULL', 'l.owner')},
      line = ${ifMine(tailOf(rest), `CASE WHEN ${lives} THEN ${rest} ELSE '' END`, rest)},
      line_until = (l.line_until & -2) | ${ifMine('1', '1', '0')},
      token = ${ifMine(handedToken, used, 'l.token')},
      token_top = ${ifMine(reserved(handedToken), used, 'l.token_top')},
      acquired_at = ${ifMine('c.ms', 'l.acquired_at', 'l.acquired_at')},
      expires_at = ${ifMine('c.ms + $5::bigint', 'CASE WHEN $4::bigint > 0 THEN c.ms + $4::bigint ELSE 0 END', 'l.expires_at')},
      released_at = ${ifMine('NULL', 'c.ms', 'l.released_at')},
      holder = ${ifMine(`''`, 'l.holder', 'l.holder')},
      label = ${ifMine(`''`, 'l.label', 'l.label')},
      revoked = ${ifMine('false', 'false', 'l.revoked')}
    FROM clock c WHERE l.name = $1 AND (l.owner = $2 OR strpos(l.line, $2) > 0)
    RETURNING l.owner, l.line, l.line_until & 1 = 1 AS was_owner
  ) SELECT was_owner, ${notified} FROM freed`;
}

// The old holder may still be handing out numbers that its row reserved, so the next token starts above them.
function freeText(table: string): string {
  const lives = `(l.line <> '' AND l.line_until > c.ms)`;
  const token = 'greatest(l.token_top + 1, c.us)';
  const ifLive = (handedOver: string, freed: string) => `CASE WHEN ${lives} THEN ${handedOver} ELSE ${freed} END`;

  return `WITH ${clock}, freed AS (
    UPDATE ${table} l SET
      owner = ${ifLive(headOf('l.line'), 'NULL')},
      line = ${ifLive(tailOf('l.line'), `''`)},
      token = ${ifLive(token, 'l.token')},
      token_top = ${ifLive(reserved(token), 'l.token_top')},
      acquired_at = ${ifLive('c.ms', 'l.acquired_at')},
      expires_at = ${ifLive('c.ms + $2::bigint', '0')},
      released_at = ${ifLive('NULL', 'c.ms')},
      holder = ${ifLive(`''`, 'l.holder')},
      label = ${ifLive(`''`, 'l.label')},
      revoked = false
    FROM clock c WHERE l.name = $1 AND l.expires_at > c.ms
    RETURNING l.owner, l.line, true AS was_owner
  ) SELECT was_owner, ${notified} FROM freed`;
}

/** Wakes the new owner, or tells the head of the line that the lock rests until another time. */
const notified = `CASE WHEN was_owner AND owner IS NOT NULL THEN ${notifyOwner('owner')}
  WHEN was_owner AND left(line, 1) = 'n' THEN pg_notify('${CHANNEL_PREFIX}' || ${channelHalf('line')}, 'look') END AS notified`;

function toRenewalAnswer(row: Row): RenewalAnswer {
  const owner = toText(row['asker']);
  if (row['token_top'] !== null) {
    return { owner, kind: 'renewed', tokenTop: toNumber(row['token_top']), now: toNumber(row['now']), waiters: toNumber(row['waiters']) };
  }
  if (row['name'] === null) return { owner, kind: 'deleted' };
  // Without an owner it was freed by an operator.
  if (row['owner'] === null) return { owner, kind: 'revoked' };
  if (row['owner'] !== owner) return { owner, kind: 'taken' };
  // It was its owner's when this statement began. Only what had lapsed can have been taken since.
  const lapsed = toNumber(row['expires_at']) <= toNumber(row['now']);
  return { owner, kind: lapsed && row['revoked'] !== true ? 'taken' : 'revoked' };
}
