import type { LockStatements, Renewal, RenewalAnswer } from '../../../contracts/dialect.js';
import type { Row } from '../../../contracts/session.js';
import { toNumber, toStandView, toText } from '../rows.js';
import { bound } from './bound.js';
import { said } from './changes.js';
import { listed, ms, NAME, OWNER, OWNER_KEY, reserved, seen, waiters } from './sql.js';

/** How leases are renewed, and places in line watched. */
export function keepingStatements(table: string): Pick<LockStatements, 'look' | 'renew' | 'fence'> {
  const stands = listed(':asked', { name: NAME, owner: OWNER });
  const look = bound(
    'dlock_look',
    `SELECT a.owner AS asker, ${ms} AS now, ${seen} FROM ${stands} a LEFT JOIN ${table} l ON l.name = a.name`,
  );

  // By the primary key, or it might lock the entries that fences hold. Assignments to the rows of a join come in no particular order, so none
  // depends on another.
  const renew = bound(
    'dlock_renew',
    `UPDATE ${listed(':asked', { name: NAME, owner: OWNER, ttl: 'BIGINT', token: 'BIGINT' })} a
      STRAIGHT_JOIN ${table} l FORCE INDEX (PRIMARY) ON l.name = a.name
    SET l.expires_at = GREATEST(l.expires_at, LAST_INSERT_ID(${ms}) + a.ttl),
      l.token_top = GREATEST(l.token_top, ${reserved('a.token')}),
      l.token = GREATEST(l.token, a.token)
    WHERE l.owner = a.owner AND l.revoked = 0`,
  );
  const become = bound(
    'dlock_renewed',
    `SELECT a.owner AS asker, l.name IS NOT NULL AS found, l.owner, l.revoked, l.token_top, l.expires_at, ${waiters} AS waiters
    FROM ${stands} a LEFT JOIN ${table} l ON l.name = a.name`,
  );

  // It reads the key's entry alone, as it is now under every isolation level, and locks that until the transaction ends: renewals pass, and who
  // would take the lock is answered busy. The row's token is not in the entry, nor needed: the lease knows by itself when it was handed on.
  const fence = `SELECT l.owner FROM ${listed('$1', { name: NAME, owner: OWNER })} a
    STRAIGHT_JOIN ${table} l FORCE INDEX (${OWNER_KEY}) ON l.name = a.name AND l.owner = a.owner LOCK IN SHARE MODE`;

  return {
    fence: (fenced) => ({
      statement: { id: 'dlock_fence', text: fence, values: [JSON.stringify(fenced.map((f) => [f.key, f.owner]))] },
      read: (rows) => rows.map((row) => toText(row['owner'])),
    }),

    look: (all) => ({
      statement: look({ asked: JSON.stringify(all.map(({ key, owner }) => [key, owner])) }),
      read: (rows) => rows.map(toStandView),
    }),

    renew(renewals) {
      const asked = JSON.stringify(renewals.map((r) => [r.key, r.owner, r.ttlMs, r.token]));
      return {
        statement: { ...renew({ asked }), followUp: () => become({ asked }) },
        read: (rows) => toRenewalAnswers(renewals, said(rows), rows.slice(1)),
      };
    },
  };
}

function toRenewalAnswers(renewals: readonly Renewal[], renewedAt: number, rows: readonly Row[]): RenewalAnswer[] {
  const byOwner = new Map(rows.map((row) => [row['asker'], row]));
  return renewals.map((renewal) => toRenewalAnswer(renewal, renewedAt, byOwner.get(renewal.owner)));
}

/** `row` was read after the statement that renewed at `renewedAt`, 0 where it renewed nothing; so it must show what that one wrote. */
function toRenewalAnswer({ owner, ttlMs }: Renewal, renewedAt: number, row: Row | undefined): RenewalAnswer {
  if (!row || !Number(row['found'])) return { owner, kind: 'deleted' };
  // Without an owner it was freed by an operator.
  if (row['owner'] === null || (row['owner'] === owner && Number(row['revoked']))) return { owner, kind: 'revoked' };
  const isRenewed = row['owner'] === owner && renewedAt > 0 && toNumber(row['expires_at']) >= renewedAt + ttlMs;
  if (!isRenewed) return { owner, kind: 'taken' };
  return { owner, kind: 'renewed', tokenTop: toNumber(row['token_top']), now: renewedAt, waiters: toNumber(row['waiters']) };
}
