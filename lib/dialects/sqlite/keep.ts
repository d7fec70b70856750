import type { LockStatements, Renewal, RenewalAnswer } from '../../contracts/dialect.js';
import type { Row } from '../../contracts/session.js';
import { toNumber, toStandView } from '../sql/rows.js';
import { headOf, lineLives, nextToken, now, nowUs, reserved, seen, tailOf, waitersIn } from './sql.js';

/** How leases are renewed, watched and let go. */
export function keepingStatements(table: string): Pick<LockStatements, 'look' | 'renew' | 'release' | 'leave' | 'free'> {
  const look = `SELECT a.value ->> 1 AS asker, ${now} AS now, ${seen} FROM json_each(?1) a LEFT JOIN ${table} l ON l.name = a.value ->> 0`;

  // RETURNING shows changed rows only and nothing of what FROM brought along. So every row that is named is changed, those of other owners
  // into what they were, and the reader finds out which is which. Two of our owners may have had one name: a row a name, so GROUP BY.
  const renew = `UPDATE ${table} AS l SET
      expires_at = max(l.expires_at, coalesce(${now} + a.ttl, 0)),
      token = max(l.token, coalesce(a.token, 0)),
      token_top = max(l.token_top, coalesce(${reserved('a.token')}, 0))
    FROM (
      SELECT r.name, max(CASE WHEN ${asked('owner')} = r.owner AND NOT r.revoked THEN ${asked('ttl')} END) AS ttl,
        max(CASE WHEN ${asked('owner')} = r.owner AND NOT r.revoked THEN ${asked('token')} END) AS token
      FROM json_each(?1) j JOIN ${table} r ON r.name = ${asked('name')} GROUP BY r.name
    ) a
    WHERE l.name = a.name
    RETURNING name, owner, revoked, token_top, ${waitersIn('line')} AS waiters, ${now} AS now`;

  const [release, leave, free] = [releaseText, leaveText, freeText].map((text) => text(table)) as [string, string, string];

  return {
    look: (stands) => ({
      statement: { id: 'dlock_look', text: look, values: [JSON.stringify(stands.map(({ key, owner }) => [key, owner]))] },
      read: (rows) => rows.map(toStandView),
    }),

    renew: (renewals) => ({
      statement: { id: 'dlock_renew', text: renew, values: [JSON.stringify(renewals.map((r) => [r.key, r.owner, r.ttlMs, r.token]))] },
      read: (rows) => toRenewalAnswers(renewals, rows),
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

const asked = (what: 'name' | 'owner' | 'ttl' | 'token') => `j.value ->> ${['name', 'owner', 'ttl', 'token'].indexOf(what)}`;

/** What becomes of a row that `mine` names this owner: handed to the head of the line, or freed. `rest`: the line without this owner. */
function lettingGo(mine: string, rest: string): string {
  const lives = `(${rest} <> '' AND l.line_until > ${now})`;
  const used = 'max(?3, l.token)';
  const token = `max(${used} + 1, ${nowUs})`;
  const change = (column: string, handedOver: string, freed: string, otherwise = `l.${column}`) =>
    `${column} = CASE WHEN NOT ${mine} THEN ${otherwise} WHEN ${lives} AND ?4 = 0 THEN ${handedOver} ELSE ${freed} END`;

  return [
    change('owner', headOf(rest), 'NULL'),
    change('line', tailOf(rest), `CASE WHEN ${lives} THEN ${rest} ELSE '' END`, rest),
    change('token', token, used),
    change('token_top', reserved(token), used),
    change('acquired_at', now, 'l.acquired_at'),
    change('expires_at', `${now} + ?5`, `CASE WHEN ?4 > 0 THEN ${now} + ?4 ELSE 0 END`),
    change('released_at', 'NULL', now),
    change('holder', `''`, 'l.holder'),
    change('label', `''`, 'l.label'),
    change('revoked', 'false', 'false'),
  ].join(', ');
}

const releaseText = (table: string) =>
  `UPDATE ${table} AS l SET ${lettingGo('true', 'l.line')} WHERE l.name = ?1 AND l.owner = ?2 RETURNING name`;

const leaveText = (table: string) => `UPDATE ${table} AS l SET ${lettingGo('(l.owner IS ?2)', `replace(l.line, ?2 || ',', '')`)}
  WHERE l.name = ?1 AND (l.owner = ?2 OR instr(l.line, ?2) > 0)`;

// The old holder may still be handing out numbers that its row reserved, so the next token starts above them.
function freeText(table: string): string {
  const token = nextToken(nowUs);
  const ifLive = (handedOver: string, freed: string) => `CASE WHEN ${lineLives(now)} THEN ${handedOver} ELSE ${freed} END`;

  return `UPDATE ${table} AS l SET
      owner = ${ifLive(headOf('l.line'), 'NULL')},
      line = ${ifLive(tailOf('l.line'), `''`)},
      token = ${ifLive(token, 'l.token')},
      token_top = ${ifLive(reserved(token), 'l.token_top')},
      acquired_at = ${ifLive(now, 'l.acquired_at')},
      expires_at = ${ifLive(`${now} + ?2`, '0')},
      released_at = ${ifLive('NULL', now)},
      holder = ${ifLive(`''`, 'l.holder')},
      label = ${ifLive(`''`, 'l.label')},
      revoked = false
    WHERE l.name = ?1 AND l.expires_at > ${now}
    RETURNING name`;
}

function toRenewalAnswers(renewals: readonly Renewal[], rows: readonly Row[]): RenewalAnswer[] {
  const byKey = new Map(rows.map((row) => [row['name'], row]));
  return renewals.map(({ key, owner }) => toRenewalAnswer(owner, byKey.get(key)));
}

function toRenewalAnswer(owner: string, row: Row | undefined): RenewalAnswer {
  if (!row) return { owner, kind: 'deleted' };
  // Without an owner it was freed by an operator.
  if (row['owner'] === null) return { owner, kind: 'revoked' };
  if (row['owner'] !== owner) return { owner, kind: 'taken' };
  if (row['revoked'] !== 0) return { owner, kind: 'revoked' };
  return { owner, kind: 'renewed', tokenTop: toNumber(row['token_top']), now: toNumber(row['now']), waiters: toNumber(row['waiters']) };
}
