import type { LockStatements, RenewalAnswer } from '../../contracts/dialect.js';
import type { Row } from '../../contracts/session.js';
import { toNumber, toStandView, toText } from '../sql/rows.js';
import {
  CHANNEL_PREFIX,
  channelHalf,
  channelOf,
  clock,
  clockWith,
  headOf,
  lineLives,
  nextToken,
  notifyOwner,
  reserved,
  seen,
  tailOf,
  waitersIn,
} from './sql.js';

/** A release may be lost in a server's crash: that costs one lease of waiting and never exclusion. A grant may not. */
const asynchronousCommit = `, set_config('synchronous_commit', 'off', true) AS commits`;

/** How leases are renewed, watched and let go. */
export function keepingStatements(table: string): Pick<LockStatements, 'notify' | 'look' | 'renew' | 'release' | 'leave' | 'free'> {
  const look = `WITH ${clock}
    SELECT a.owner AS asker, c.ms AS now, ${seen('l')}
    FROM unnest($1::text[], $2::text[]) AS a(name, owner) CROSS JOIN clock c LEFT JOIN ${table} l ON l.name = a.name`;
  const [renew, release, leave, free] = [renewText, releaseText, leaveText, freeText].map((text) => text(table)) as [
    string,
    string,
    string,
    string,
  ];

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
      read: ({ length }) => length > 0,
    }),

    leave: ({ key, owner, usedToken, claimMs }) => ({
      statement: { id: 'dlock_leave', text: leave, values: [key, owner, usedToken, 0, claimMs] },
      read: () => undefined,
    }),

    free: (key, claimMs) => ({
      statement: { id: 'dlock_free', text: free, values: [key, claimMs] },
      read: ({ length }) => length > 0,
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

/** What becomes of a row that `mine` names this owner: handed to the head of the line, or freed. `rest`: the line without this owner. */
function lettingGo(mine: string, rest: string): string {
  const lives = `(${rest} <> '' AND l.line_until > c.ms)`;
  const used = 'greatest($3::bigint, l.token)';
  const token = `greatest(${used} + 1, c.us)`;
  const change = (column: string, handedOver: string, freed: string, otherwise = `l.${column}`) =>
    `${column} = CASE WHEN NOT ${mine} THEN ${otherwise} WHEN ${lives} AND $4::bigint = 0 THEN ${handedOver} ELSE ${freed} END`;

  return [
    change('owner', headOf(rest), 'NULL'),
    change('line', tailOf(rest), `CASE WHEN ${lives} THEN ${rest} ELSE '' END`, rest),
    change('token', token, used),
    change('token_top', reserved(token), used),
    change('acquired_at', 'c.ms', 'l.acquired_at'),
    change('expires_at', 'c.ms + $5::bigint', 'CASE WHEN $4::bigint > 0 THEN c.ms + $4::bigint ELSE 0 END'),
    change('released_at', 'NULL', 'c.ms'),
    change('holder', `''`, 'l.holder'),
    change('label', `''`, 'l.label'),
    change('revoked', 'false', 'false'),
  ].join(', ');
}

const releaseText = (table: string) => `WITH ${clockWith(asynchronousCommit)}
  UPDATE ${table} l SET ${lettingGo('true', 'l.line')} FROM clock c WHERE l.name = $1 AND l.owner = $2
  RETURNING ${notified}`;

// RETURNING shows a row only as it became: a claim that begins now is one that this statement made, or one that may as well be told again.
const leaveText = (table: string) => `WITH ${clockWith(asynchronousCommit)}
  UPDATE ${table} l SET ${lettingGo('coalesce(l.owner = $2, false)', `replace(l.line, $2 || ',', '')`)}
  FROM clock c WHERE l.name = $1 AND (l.owner = $2 OR strpos(l.line, $2) > 0)
  RETURNING CASE WHEN l.acquired_at = c.ms AND l.holder = '' THEN ${notifyOwner('l.owner')} END AS notified`;

// The old holder may still be handing out numbers that its row reserved, so the next token starts above them; and its fenced transactions
// must end first, so the key changes.
function freeText(table: string): string {
  const change = (column: string, handedOver: string, freed: string) =>
    `${column} = CASE WHEN ${lineLives} THEN ${handedOver} ELSE ${freed} END`;

  return `WITH ${clock} UPDATE ${table} l SET
    ${change('owner', headOf('l.line'), 'NULL')}, ${change('line', tailOf('l.line'), `''`)},
    ${change('token', nextToken, 'l.token')}, ${change('token_top', reserved(nextToken), 'l.token_top')},
    ${change('acquired_at', 'c.ms', 'l.acquired_at')}, ${change('expires_at', 'c.ms + $2::bigint', '0')}, ${change('released_at', 'NULL', 'c.ms')},
    ${change('holder', `''`, 'l.holder')}, ${change('label', `''`, 'l.label')}, revoked = false, seized = ${nextToken}
  FROM clock c WHERE l.name = $1 AND l.expires_at > c.ms
  RETURNING ${notified}`;
}

/** Wakes the new owner, or tells the head of the line that the lock rests until another time. */
const notified = `CASE WHEN l.owner IS NOT NULL THEN ${notifyOwner('l.owner')}
  WHEN left(l.line, 1) = 'n' THEN pg_notify('${CHANNEL_PREFIX}' || ${channelHalf('l.line')}, 'look') END AS notified`;

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
