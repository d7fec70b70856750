import type { LockStatements, RenewalAnswer } from '../../contracts/dialect.js';
import type { Row } from '../../contracts/session.js';
import { toNumber, toStandView, toText } from '../sql/rows.js';
import { channelOf, clock, reserved, seen, waitersIn } from './sql.js';

/** How leases are renewed, and places in line watched. */
export function keepingStatements(table: string): Pick<LockStatements, 'notify' | 'look' | 'renew' | 'fence'> {
  const look = `WITH ${clock}
    SELECT a.owner AS asker, c.ms AS now, ${seen('l')}
    FROM unnest($1::text[], $2::text[]) AS a(name, owner) CROSS JOIN clock c LEFT JOIN ${table} l ON l.name = a.name`;
  const renew = renewText(table);

  // Under READ COMMITTED it finds the newest row, waiting for whoever is changing its key; under the higher levels it fails where the key changed
  // since the transaction began, and passes after a renewal, which changes no key
  // (https://www.postgresql.org/docs/current/transaction-iso.html#XACT-REPEATABLE-READ).
  const fence = `SELECT l.owner FROM unnest($1::text[], $2::text[], $3::bigint[]) AS a(name, owner, token)
    JOIN ${table} l ON l.name = a.name AND l.owner = a.owner AND l.token <= a.token FOR KEY SHARE OF l`;

  return {
    fence: (fenced) => ({
      statement: {
        id: 'dlock_fence',
        text: fence,
        values: [fenced.map((f) => f.key), fenced.map((f) => f.owner), fenced.map((f) => f.token)],
      },
      read: (rows) => rows.map((row) => toText(row['owner'])),
    }),

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
