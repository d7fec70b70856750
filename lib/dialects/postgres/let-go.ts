import type { LockStatements, Release } from '../../contracts/dialect.js';
import { toText } from '../sql/rows.js';
import {
  asynchronousCommit,
  CHANNEL_PREFIX,
  channelHalf,
  clockRow,
  headOf,
  lineLives,
  nextToken,
  notifyOwner,
  reserved,
  tailOf,
} from './sql.js';

/** How a lock is given back, or taken away. */
export function lettingGoStatements(table: string): Pick<LockStatements, 'release' | 'releaseAll' | 'leave' | 'free'> {
  const [release, releaseAll] = [releaseText(table), releaseAllText(table)];
  const [leave, free] = [leaveText(table), freeText(table)];

  return {
    release: ({ key, owner, usedToken, restMs, claimMs }) => ({
      statement: { id: 'dlock_release', text: release, values: [key, owner, usedToken, restMs, claimMs] },
      read: ({ length }) => length > 0,
    }),

    releaseAll: (releases) => ({
      statement: {
        id: 'dlock_release_all',
        text: releaseAll,
        values: releaseColumns.map((column) => releases.map((release) => release[column])),
      },
      read: (rows) => rows.map((row) => toText(row['released'])),
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

/** What `release_all` is sent, one array each. */
const releaseColumns = ['key', 'owner', 'usedToken', 'restMs', 'claimMs'] as const satisfies (keyof Release)[];

/** What a statement was sent of {@link Release}. */
interface Sent {
  readonly used: string;
  readonly restMs: string;
  readonly claimMs: string;
}

const one: Sent = { used: '$3::bigint', restMs: '$4::bigint', claimMs: '$5::bigint' };
const each: Sent = { used: 'mine.used', restMs: 'mine.rest', claimMs: 'mine.claim' };

/** What becomes of a row that `mine` names this owner: handed to the head of the line, or freed. `rest`: the line without this owner. */
function lettingGo(mine: string, rest: string, sent: Sent): string {
  const lives = `(${rest} <> '' AND l.line_until > c.ms)`;
  const used = `greatest(${sent.used}, l.token)`;
  const token = `greatest(${used} + 1, c.us)`;
  const change = (column: string, handedOver: string, freed: string, otherwise = `l.${column}`) =>
    `${column} = CASE WHEN NOT ${mine} THEN ${otherwise} WHEN ${lives} AND ${sent.restMs} = 0 THEN ${handedOver} ELSE ${freed} END`;

  return [
    change('owner', headOf(rest), 'NULL'),
    change('line', tailOf(rest), `CASE WHEN ${lives} THEN ${rest} ELSE '' END`, rest),
    change('token', token, used),
    change('token_top', reserved(token), used),
    change('acquired_at', 'c.ms', 'l.acquired_at'),
    change('expires_at', `c.ms + ${sent.claimMs}`, `CASE WHEN ${sent.restMs} > 0 THEN c.ms + ${sent.restMs} ELSE 0 END`),
    change('released_at', 'NULL', 'c.ms'),
    change('holder', `''`, 'l.holder'),
    change('label', `''`, 'l.label'),
    change('revoked', 'false', 'false'),
  ].join(', ');
}

const releaseText = (table: string) => `
  UPDATE ${table} l SET ${lettingGo('true', 'l.line', one)} FROM ${clockRow(asynchronousCommit)} c WHERE l.name = $1 AND l.owner = $2
  RETURNING ${notified}`;

// It waits for no row, because of two statements that wait for each other's rows one would fail.
const releaseAllText = (table: string) => `WITH mine AS MATERIALIZED (
    SELECT l.name, a.owner, a.used, a.rest, a.claim
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) AS a(name, owner, used, rest, claim)
    JOIN ${table} l ON l.name = a.name AND l.owner = a.owner
    FOR NO KEY UPDATE OF l SKIP LOCKED
  )
  UPDATE ${table} l SET ${lettingGo('true', 'l.line', each)} FROM ${clockRow(asynchronousCommit)} c, mine WHERE l.name = mine.name
  RETURNING mine.owner AS released, ${notified}`;

// RETURNING shows a row only as it became: a claim that begins now is one that this statement made, or one that may as well be told again.
const leaveText = (table: string) => `
  UPDATE ${table} l SET ${lettingGo('coalesce(l.owner = $2, false)', `replace(l.line, $2 || ',', '')`, one)}
  FROM ${clockRow(asynchronousCommit)} c WHERE l.name = $1 AND (l.owner = $2 OR strpos(l.line, $2) > 0)
  RETURNING CASE WHEN l.acquired_at = c.ms AND l.holder = '' THEN ${notifyOwner('l.owner')} END AS notified`;

// The old holder may still be handing out numbers that its row reserved, so the next token starts above them; and its fenced transactions
// must end first, so the key changes.
function freeText(table: string): string {
  const change = (column: string, handedOver: string, freed: string) =>
    `${column} = CASE WHEN ${lineLives} THEN ${handedOver} ELSE ${freed} END`;

  return `UPDATE ${table} l SET
    ${change('owner', headOf('l.line'), 'NULL')}, ${change('line', tailOf('l.line'), `''`)},
    ${change('token', nextToken, 'l.token')}, ${change('token_top', reserved(nextToken), 'l.token_top')},
    ${change('acquired_at', 'c.ms', 'l.acquired_at')}, ${change('expires_at', 'c.ms + $2::bigint', '0')}, ${change('released_at', 'NULL', 'c.ms')},
    ${change('holder', `''`, 'l.holder')}, ${change('label', `''`, 'l.label')}, revoked = false, seized = ${nextToken}
  FROM ${clockRow()} c WHERE l.name = $1 AND l.expires_at > c.ms
  RETURNING ${notified}`;
}

/** Wakes the new owner, or tells the head of the line that the lock rests until another time. */
const notified = `CASE WHEN l.owner IS NOT NULL THEN ${notifyOwner('l.owner')}
  WHEN left(l.line, 1) = 'n' THEN pg_notify('${CHANNEL_PREFIX}' || ${channelHalf('l.line')}, 'look') END AS notified`;
