import type { LockStatements } from '../../../contracts/dialect.js';
import { changed } from '../rows.js';
import { bound } from './bound.js';
import { head, lineLives, ms, nextToken, reserved, tail, us } from './sql.js';

/** What a statement that lets go finds the row to be. */
const LEFT_ALONE = 0;
const HANDED_ON = 1;
const FREED = 2;

/** How a lock is given back, or taken away. */
export function lettingGoStatements(table: string): Pick<LockStatements, 'release' | 'leave' | 'free'> {
  const release = bound('dlock_release', `UPDATE ${table} FORCE INDEX (PRIMARY) SET ${lettingGo} WHERE name = :key AND owner = :owner`);

  // What stands behind sees the line without the one that leaves.
  const leave = bound(
    'dlock_leave',
    `UPDATE ${table} FORCE INDEX (PRIMARY) SET line = REPLACE(line, CONCAT(:owner, ','), ''), ${lettingGo}
    WHERE name = :key AND (owner = :owner OR LOCATE(:owner, line) > 0)`,
  );

  // The old holder may still be handing out numbers that its row reserved, so the next token starts above them.
  const free = bound(
    'dlock_free',
    `UPDATE ${table} FORCE INDEX (PRIMARY) SET verdict = CASE WHEN ${lineLives} THEN ${HANDED_ON} ELSE ${FREED} END,
      ${changedTo({ token: nextToken, freedToken: 'token', freedTop: 'token_top', freedUntil: '0' })}
    WHERE name = :key AND expires_at > ${ms}`,
  );

  return {
    // All of them give the row another owner or another end, so they change whatever they match.
    release: (sent) => ({ statement: release({ ...sent }), read: (rows) => changed(rows) > 0 }),
    leave: (sent) => ({ statement: leave({ ...sent, restMs: 0 }), read: () => undefined }),
    free: (key, claimMs) => ({ statement: free({ key, claimMs }), read: (rows) => changed(rows) > 0 }),
  };
}

/** What a row becomes, by its verdict. */
interface Becoming {
  /** Of the head of the line. */
  readonly token: string;
  readonly freedToken: string;
  /** By then the token is assigned. */
  readonly freedTop: string;
  readonly freedUntil: string;
}

/** The owner comes before the line that it is taken from. */
function changedTo({ token, freedToken, freedTop, freedUntil }: Becoming): string {
  const change = (column: string, handedOn: string, freed: string) =>
    `${column} = CASE verdict WHEN ${HANDED_ON} THEN ${handedOn} WHEN ${FREED} THEN ${freed} ELSE ${column} END`;

  return [
    change('token', token, freedToken),
    change('token_top', reserved('token'), freedTop),
    change('acquired_at', ms, 'acquired_at'),
    change('expires_at', `${ms} + :claimMs`, freedUntil),
    change('released_at', 'NULL', ms),
    change('holder', `''`, 'holder'),
    change('label', `''`, 'label'),
    change('revoked', '0', '0'),
    change('owner', head, 'NULL'),
    change('line', tail, `CASE WHEN ${lineLives} THEN line ELSE '' END`),
  ].join(', ');
}

/** What becomes of a row that names this owner: handed to the head of the line, or freed. */
const lettingGo = `verdict = CASE WHEN NOT (owner <=> :owner) THEN ${LEFT_ALONE} WHEN ${lineLives} AND :restMs = 0 THEN ${HANDED_ON} ELSE ${FREED} END,
  ${changedTo({
    token: `GREATEST(:usedToken + 1, token + 1, ${us})`,
    freedToken: 'GREATEST(:usedToken, token)',
    freedTop: 'token',
    freedUntil: `CASE WHEN :restMs > 0 THEN ${ms} + :restMs ELSE 0 END`,
  })}`;
