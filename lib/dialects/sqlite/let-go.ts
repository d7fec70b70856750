import type { LockStatements } from '../../contracts/dialect.js';
import { headOf, lineLives, nextToken, now, nowUs, reserved, tailOf } from './sql.js';

/** How a lock is given back, or taken away. */
export function lettingGoStatements(table: string): Pick<LockStatements, 'release' | 'leave' | 'free'> {
  const [release, leave, free] = [releaseText(table), leaveText(table), freeText(table)];

  return {
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
