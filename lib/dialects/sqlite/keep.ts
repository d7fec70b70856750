import type { LockStatements, Renewal, RenewalAnswer } from '../../contracts/dialect.js';
import type { Row } from '../../contracts/session.js';
import { toNumber, toStandView, toText } from '../sql/rows.js';
import { now, reserved, seen, waitersIn } from './sql.js';

/** How leases are renewed, and places in line watched. */
export function keepingStatements(table: string): Pick<LockStatements, 'look' | 'renew' | 'fence'> {
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

  // A write, because that alone takes the file's lock: until the transaction ends nobody else changes anything.
  const fence = `UPDATE ${table} AS l SET line = l.line FROM json_each($1) a
    WHERE l.name = a.value ->> 0 AND l.owner = a.value ->> 1 AND l.token <= a.value ->> 2 RETURNING owner`;

  return {
    fence: (fenced) => ({
      statement: { id: 'dlock_fence', text: fence, values: [JSON.stringify(fenced.map((f) => [f.key, f.owner, f.token]))] },
      read: (rows) => rows.map((row) => toText(row['owner'])),
    }),

    look: (stands) => ({
      statement: { id: 'dlock_look', text: look, values: [JSON.stringify(stands.map(({ key, owner }) => [key, owner]))] },
      read: (rows) => rows.map(toStandView),
    }),

    renew: (renewals) => ({
      statement: { id: 'dlock_renew', text: renew, values: [JSON.stringify(renewals.map((r) => [r.key, r.owner, r.ttlMs, r.token]))] },
      read: (rows) => toRenewalAnswers(renewals, rows),
    }),
  };
}

const asked = (what: 'name' | 'owner' | 'ttl' | 'token') => `j.value ->> ${['name', 'owner', 'ttl', 'token'].indexOf(what)}`;

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
