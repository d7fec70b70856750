import type { Claim, LockStatements } from '../../contracts/dialect.js';
import { LONGEST_LINE_MS, MOST_IN_LINE, PLACE_LENGTH } from '../../contracts/line.js';
import { toAskAnswer, toGrant, toJoinAnswer } from '../sql/rows.js';
import { headOf, lineLives, nextToken as nextTokenAt, now, nowUs, reserved, seen, tailOf } from './sql.js';

// In an upsert the row that could not be inserted is at hand as "excluded", and carries the moment and its token.
const moment = 'excluded.acquired_at';
const nextToken = nextTokenAt('excluded.token');
const lives = lineLives(moment);

const mine = '(l.owner = ?2 AND NOT l.revoked)';
const expired = `l.expires_at <= ${moment}`;

/** What a join adds to an ask: a row that somebody else holds is changed too. */
interface Standing {
  /** The row is held, or rests. */
  readonly busy: string;
  /** Whether the asker may stand there. */
  readonly mayStand: string;
  readonly line: string;
  readonly lineUntil: string;
}

const nobodyStands: Standing = { busy: 'false', mayStand: 'false', line: 'l.line', lineUntil: 'l.line_until' };

// A row revoked under the asker is nobody's to stand at, least of all its own.
const standing: Standing = {
  busy: `l.expires_at > ${moment}`,
  mayStand: `l.owner IS NOT ?2 AND (NOT ${lives} OR length(l.line) < ${MOST_IN_LINE * PLACE_LENGTH} OR instr(l.line, ?2) > 0)`,
  line: `CASE WHEN NOT ${lives} THEN ?2 || ',' WHEN instr(l.line, ?2) > 0 THEN l.line ELSE l.line || ?2 || ',' END`,
  lineUntil: `max(l.line_until, ${moment} + ?8)`,
};

// Whoever gets a yes may work for a whole ttl from its first send on, so an owner that asks again, and a head of the line that asks
// instead of confirming, get a whole ttl too: what a hand-over reserved is shorter.
function taking(table: string, { busy, mayStand, line, lineUntil }: Standing): string {
  const kept = `(${mine} OR ${busy})`;
  const toAnother = `(${lives} AND ${headOf('l.line')} <> ?2)`;
  const changed = (column: string, otherwise: string) => `${column} = CASE WHEN ${kept} THEN l.${column} ELSE ${otherwise} END`;
  const described = (column: string, value: string) =>
    `${column} = CASE WHEN ${mine} THEN ${value} WHEN ${busy} THEN l.${column} WHEN ${toAnother} THEN '' ELSE ${value} END`;

  return `INSERT INTO ${table} AS l (name, owner, token, token_top, acquired_at, expires_at, holder, label, line, line_until, revoked)
    SELECT ?1, ?2, ${nowUs}, ${reserved(nowUs)}, ${now}, ${now} + ?3, ?5, ?6, '', 0, false WHERE ?7 IS NULL OR ${now} <= ?7
    ON CONFLICT (name) DO UPDATE SET
      ${changed('owner', `CASE WHEN ${lives} THEN ${headOf('l.line')} ELSE ?2 END`)},
      line = CASE WHEN ${mine} THEN l.line WHEN ${busy} THEN ${line} WHEN ${lives} THEN ${tailOf('l.line')} ELSE '' END,
      line_until = CASE WHEN ${mine} THEN l.line_until WHEN ${busy} THEN ${lineUntil} ELSE l.line_until END,
      ${changed('token', nextToken)},
      ${changed('token_top', reserved(nextToken))},
      ${changed('acquired_at', moment)},
      expires_at = CASE WHEN ${mine} THEN max(l.expires_at, ${moment} + ?3) WHEN ${busy} THEN l.expires_at
        WHEN ${toAnother} THEN ${moment} + ?4 ELSE ${moment} + ?3 END,
      ${changed('released_at', 'NULL')},
      ${described('holder', '?5')},
      ${described('label', '?6')},
      ${changed('revoked', 'false')}
    WHERE ${mine} OR ${expired} OR (${busy} AND ${mayStand})
    RETURNING ${seen}, ${now} AS now`;
}

const claimValues = ({ key, owner, ttlMs, claimMs, holder, label, notAfter }: Claim) => [
  key,
  owner,
  ttlMs,
  claimMs,
  holder,
  label,
  notAfter ?? null,
];

/** How a lock changes hands. */
export function takingStatements(table: string): Pick<LockStatements, 'ask' | 'join' | 'advance' | 'confirm'> {
  const askText = taking(table, nobodyStands);
  const joinText = taking(table, standing);

  const advanceText = `UPDATE ${table} AS l SET
      owner = ${headOf('l.line')}, line = ${tailOf('l.line')}, token = ${nextTokenAt(nowUs)}, token_top = ${reserved(nextTokenAt(nowUs))},
      acquired_at = ${now}, expires_at = ${now} + ?2, released_at = NULL, holder = '', label = '', revoked = false
    WHERE l.name = ?1 AND l.expires_at <= ${now} AND ${lineLives(now)}`;

  const confirmText = `UPDATE ${table} AS l SET expires_at = max(l.expires_at, ${now} + ?3), acquired_at = ${now}, holder = ?4, label = ?5
    WHERE l.name = ?1 AND l.owner = ?2 AND NOT l.revoked
    RETURNING ${seen}, ${now} AS now`;

  return {
    // No row comes back where nothing was written: busy, or too late.
    ask: (claim) => ({
      statement: { id: 'dlock_ask', text: askText, values: claimValues(claim) },
      read: ([row]) => toAskAnswer(row, claim),
    }),

    join: (claim) => ({
      statement: { id: 'dlock_join', text: joinText, values: [...claimValues(claim), Math.min(claim.waitMs, LONGEST_LINE_MS)] },
      read: ([row]) => toJoinAnswer(row, claim),
    }),

    advance: (key, claimMs) => ({
      statement: { id: 'dlock_advance', text: advanceText, values: [key, claimMs] },
      read: () => undefined,
    }),

    confirm: ({ key, owner, ttlMs, holder, label }) => ({
      statement: { id: 'dlock_confirm', text: confirmText, values: [key, owner, ttlMs, holder, label] },
      read: ([row]) => row && toGrant(row),
    }),
  };
}
