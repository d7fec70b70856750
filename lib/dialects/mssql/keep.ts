import type { LockStatements, RenewalAnswer } from '../../contracts/dialect.js';
import type { Row } from '../../contracts/session.js';
import { toNumber, toStandView, toText } from '../sql/rows.js';
import { batch, greatest, LIST, listed, NAME, OWNER, reserved, sameName, sameOwner, seen, type Table, waitersIn, WHOLE } from './sql.js';

const stands = { name: NAME, owner: OWNER };

/** How leases are renewed, and places in line watched. */
export function keepingStatements(table: Table): Pick<LockStatements, 'look' | 'renew' | 'fence'> {
  const { name, byName, byOwner } = table;
  const look = batch(
    'dlock_look',
    { asked: LIST },
    `SELECT a.owner AS asker, @ms AS now, ${seen('l')}
  FROM ${listed('@asked', stands)} a LEFT JOIN ${name} l WITH (${byName}) ON ${sameName};`,
  );
  const renew = batch('dlock_renew', { asked: LIST, count: 'int' }, renewText(table));

  // It reads nothing but the entry of the key over (name, owner), so that entry alone is locked, shared, and until the transaction ends
  // (HOLDLOCK, which locks under SNAPSHOT isolation too). A renewal changes no column of that key and passes; who would give the row another
  // owner finds its entry locked and is answered busy. "Lock hints … may place locks on index keys rather than the actual data rows", the manual
  // says, where an index covers the query (https://learn.microsoft.com/sql/t-sql/queries/hints-transact-sql-table#remarks). The row's token is
  // not in the entry, nor needed: the lease knows by itself when it was handed on.
  const fence = `SELECT l.owner FROM ${listed('$1', stands)} a
  JOIN ${name} l WITH (HOLDLOCK, ROWLOCK, ${byOwner}) ON ${sameName} AND ${sameOwner};`;

  return {
    fence: (fenced) => ({
      statement: { id: 'dlock_fence', text: fence, values: [JSON.stringify(fenced.map((f) => [f.key, f.owner]))] },
      read: (rows) => rows.map((row) => toText(row['owner'])),
    }),

    look: (all) => ({
      statement: look({ asked: JSON.stringify(all.map(({ key, owner }) => [key, owner])) }),
      read: (rows) => rows.map(toStandView),
    }),

    renew: (renewals) => ({
      statement: renew({ asked: JSON.stringify(renewals.map((r) => [r.key, r.owner, r.ttlMs, r.token])), count: renewals.length }),
      read: toRenewalAnswers,
    }),
  };
}

// The rows that it waits for, one after the other, are its owners' own, which no other renewal touches; everything else that waits has one row.
// What was not renewed is read afterwards, so that the holder learns in the same answer what became of it.
const renewText = ({ name, byName, byOwner }: Table) => `UPDATE l SET
    expires_at = ${greatest('l.expires_at', '@ms + a.ttl')}, token = ${greatest('l.token', 'a.token')},
    token_top = ${greatest('l.token_top', reserved('a.token'))}
  OUTPUT a.owner AS asker, @ms AS now, inserted.token_top, ${waitersIn('inserted.line')} AS waiters
  FROM ${listed('@asked', { ...stands, ttl: WHOLE, token: WHOLE })} a
  JOIN ${name} l WITH (ROWLOCK, ${byOwner}) ON ${sameName} AND ${sameOwner} WHERE l.revoked = 0;
IF @@ROWCOUNT < @count
  SELECT a.owner AS asker, l.name, l.owner, l.revoked
  FROM ${listed('@asked', stands)} a LEFT JOIN ${name} l WITH (${byName}) ON ${sameName};`;

function toRenewalAnswers(rows: readonly Row[]): RenewalAnswer[] {
  const renewed = rows.filter((row) => 'token_top' in row).map(toRenewed);
  const owners = new Set(renewed.map(({ owner }) => owner));
  return [...renewed, ...rows.filter((row) => !('token_top' in row) && !owners.has(toText(row['asker']))).map(toRefusal)];
}

const toRenewed = (row: Row): RenewalAnswer => ({
  owner: toText(row['asker']),
  kind: 'renewed',
  tokenTop: toNumber(row['token_top']),
  now: toNumber(row['now']),
  waiters: toNumber(row['waiters']),
});

function toRefusal(row: Row): RenewalAnswer {
  const owner = toText(row['asker']);
  if (row['name'] === null) return { owner, kind: 'deleted' };
  // Without an owner it was freed by an operator; and one that is still its owner's was not renewed because it was revoked.
  return { owner, kind: row['owner'] === null || row['owner'] === owner ? 'revoked' : 'taken' };
}
