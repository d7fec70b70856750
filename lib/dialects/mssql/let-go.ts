import type { LockStatements } from '../../contracts/dialect.js';
import { toText } from '../sql/rows.js';
import {
  batch,
  greatest,
  head,
  lineLives,
  LIST,
  listed,
  NAME,
  nextToken,
  OWNER,
  reserved,
  sameName,
  sameOwner,
  type Table,
  tail,
  WHOLE,
} from './sql.js';

const releaseTypes = { key: NAME, owner: OWNER, usedToken: WHOLE, restMs: WHOLE, claimMs: WHOLE };

/** How a lock is given back, or taken away. */
export function lettingGoStatements(table: Table): Pick<LockStatements, 'release' | 'releaseAll' | 'leave' | 'free'> {
  const release = batch('dlock_release', releaseTypes, releaseText(table));
  const releaseAll = batch('dlock_release_all', { asked: LIST }, releaseAllText(table), 'REPEATABLE READ');
  const leave = batch('dlock_leave', releaseTypes, `${leaveLineText(table)}\n${releaseText(table)}`);
  const free = batch('dlock_free', { key: NAME, claimMs: WHOLE }, freeText(table));

  return {
    release: (sent) => ({ statement: release({ ...sent }), read: ({ length }) => length > 0 }),
    releaseAll: (all) => ({
      statement: releaseAll({ asked: JSON.stringify(all.map((r) => [r.key, r.owner, r.usedToken, r.restMs, r.claimMs])) }),
      read: (rows) => rows.map((row) => toText(row['released'])),
    }),
    leave: (sent) => ({ statement: leave({ ...sent, restMs: 0 }), read: () => undefined }),
    free: (key, claimMs) => ({ statement: free({ key, claimMs }), read: ({ length }) => length > 0 }),
  };
}

/** What a statement was sent of a release. */
interface Sent {
  readonly used: string;
  readonly restMs: string;
  readonly claimMs: string;
}

/** What becomes of a row that names this owner: handed to the head of the line, or freed. `u.used`: the highest token that was. */
function lettingGo({ restMs, claimMs }: Omit<Sent, 'used'>): string {
  const token = greatest('u.used + 1', '@us');
  const change = (column: string, handedOver: string, freed: string) =>
    `${column} = CASE WHEN ${lineLives} AND ${restMs} = 0 THEN ${handedOver} ELSE ${freed} END`;

  return [
    change('owner', head, 'NULL'),
    change('line', tail, `CASE WHEN ${lineLives} THEN l.line ELSE '' END`),
    change('token', token, 'u.used'),
    change('token_top', reserved(token), 'u.used'),
    change('acquired_at', '@ms', 'l.acquired_at'),
    change('expires_at', `@ms + ${claimMs}`, `CASE WHEN ${restMs} > 0 THEN @ms + ${restMs} ELSE 0 END`),
    change('released_at', 'NULL', '@ms'),
    change('holder', `N''`, 'l.holder'),
    change('label', `N''`, 'l.label'),
    'revoked = 0',
  ].join(',\n    ');
}

const used = (sent: string) => `CROSS APPLY (SELECT ${greatest(sent, 'l.token')} AS used) u`;

// Its entry is locked before the row (XLOCK): where a fence has it, nobody else waits behind this one.
const releaseText = ({ name, byOwner }: Table) => `UPDATE l SET
    ${lettingGo({ restMs: '@restMs', claimMs: '@claimMs' })}
  OUTPUT @owner AS released
  FROM ${name} l WITH (XLOCK, ROWLOCK, ${byOwner}) ${used('@usedToken')}
  WHERE l.name = @key AND l.owner = @owner;`;

// It waits for no row (READPAST), because of two statements that wait for each other's rows one would fail.
const releaseAllText = ({ name, byOwner }: Table) => `UPDATE l SET
    ${lettingGo({ restMs: 'a.rest', claimMs: 'a.claim' })}
  OUTPUT a.owner AS released
  FROM ${listed('@asked', { name: NAME, owner: OWNER, used: WHOLE, rest: WHOLE, claim: WHOLE })} a
  JOIN ${name} l WITH (XLOCK, ROWLOCK, READPAST, ${byOwner}) ON ${sameName} AND ${sameOwner}
  ${used('a.used')};`;

// Before the release, in this order: who is out of the line cannot be handed the lock any more, so what the row says of its owner then stays
// true. The other way round the lock might be handed to it in between, and nobody would know.
const leaveLineText = ({ name, byName }: Table) => `UPDATE l SET line = REPLACE(l.line, @owner + ',', '')
  FROM ${name} l WITH (UPDLOCK, ROWLOCK, ${byName}) WHERE l.name = @key AND CHARINDEX(@owner, l.line) > 0;`;

// The old holder may still be handing out numbers that its row reserved, so the next token starts above them.
//
// Who the owner is must be known before its entry can be locked, and may change in between: then once more.
function freeText({ name, byName, byOwner }: Table): string {
  const change = (column: string, handedOver: string, freed: string) =>
    `${column} = CASE WHEN ${lineLives} THEN ${handedOver} ELSE ${freed} END`;

  return `DECLARE @was varchar(32), @tries int = 0;
WHILE @tries < 10 BEGIN
SET @tries = @tries + 1;
SELECT @was = l.owner FROM ${name} l WITH (${byName}) WHERE l.name = @key AND l.expires_at > @ms;
IF @@ROWCOUNT = 0 BREAK;
UPDATE l SET
    ${change('owner', head, 'NULL')}, ${change('line', tail, `''`)},
    ${change('token', nextToken, 'l.token')}, ${change('token_top', reserved(nextToken), 'l.token_top')},
    ${change('acquired_at', '@ms', 'l.acquired_at')}, ${change('expires_at', '@ms + @claimMs', '0')}, ${change('released_at', 'NULL', '@ms')},
    ${change('holder', `N''`, 'l.holder')}, ${change('label', `N''`, 'l.label')}, revoked = 0
  OUTPUT 1 AS freed
  FROM ${name} l WITH (XLOCK, ROWLOCK, ${byOwner})
  WHERE l.name = @key AND (l.owner = @was OR l.owner IS NULL AND @was IS NULL) AND l.expires_at > @ms;
IF @@ROWCOUNT > 0 BREAK;
END;`;
}
