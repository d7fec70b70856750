import type { AskAnswer, Claim, Grant, JoinAnswer, LockStatements } from '../../../contracts/dialect.js';
import { LONGEST_LINE_MS, MOST_IN_LINE, PLACE_LENGTH, placesBefore } from '../../../contracts/line.js';
import type { Row } from '../../../contracts/session.js';
import { TOKENS_RESERVED } from '../../../core/fencing-token.js';
import { toGrant, toOccupant, toText } from '../rows.js';
import { bound } from './bound.js';
import { said } from './changes.js';
import { head, lineLives, ms, nextToken, OWNER_KEY, reserved, seen, tail, us } from './sql.js';

/** What a statement that takes finds the row to be. */
const LEFT_ALONE = 0;
/** The asker's own already. */
const MINE = 1;
/** Free, with nobody in line, and no token ahead of the clock: what most locks are. */
const FREE = 2;
/** The asker's to take, in some other way. */
const TAKEN = 3;
/** The head of the line's. */
const HANDED_ON = 4;
/** Somebody's, and the asker stands in line. */
const STOOD = 5;

// What the statement says by LAST_INSERT_ID(): a token where that tells all of the grant; else when it ran, with what became of it. Nothing
// where it did nothing.
const SAID_BUSY = 0;
const SAID_MINE = 1;
const SAID_STANDING = 2;
const SAYINGS = 4;
const saying = (what: number) => `${ms} * ${SAYINGS} + ${what}`;
/** Tokens are microseconds; milliseconds, four times, are below this until the year 2760. */
const LEAST_TOKEN = 100_000_000_000_000;

const mine = 'owner <=> VALUES(owner) AND revoked = 0';
const inLine = 'LOCATE(VALUES(owner), line) > 0';
// A row revoked under the asker is nobody's to stand at, least of all its own.
const mayStand = `NOT (owner <=> VALUES(owner)) AND (NOT ${lineLives} OR CHAR_LENGTH(line) < ${MOST_IN_LINE * PLACE_LENGTH} OR ${inLine})`;

/** True where the row is the asker's, or anybody's to take: then it is locked, with the entry of its key that a fence of its last owner would hold. */
const takeable = (table: string, name: string, whose: string) => `
  FROM ${table} l LEFT JOIN ${table} k FORCE INDEX (${OWNER_KEY}) ON k.name = l.name AND k.owner = l.owner
  WHERE l.name = ${name} AND (${whose} l.expires_at <= ${ms} AND (l.owner IS NULL OR k.owner IS NOT NULL))`;

// One SKIP LOCKED does three things: an ask never waits, not behind a fenced transaction nor behind another ask; a busy row is neither
// written nor locked for longer than a moment; and who is skipped here has been taken by somebody else. Under READ COMMITTED the others lock
// nothing. Where no row is somebody else's there is none, or it is the asker's own, which may be locked by who joins the line at this moment.
const mayTake = (table: string, standing: boolean) => `(
  EXISTS (SELECT 1 ${takeable(table, ':key', 'l.owner = :owner AND l.revoked = 0 OR')} FOR UPDATE SKIP LOCKED)
  ${standing ? `OR EXISTS (SELECT 1 FROM ${table} WHERE name = :key AND expires_at > ${ms})` : ''}
  OR NOT EXISTS (SELECT 1 FROM ${table} WHERE name = :key AND NOT (owner <=> :owner)))`;

const taking = (table: string, standing: boolean) => `
  INSERT INTO ${table} (name, owner, token, token_top, acquired_at, expires_at, holder, label, line, line_until, revoked, verdict)
  SELECT :key, :owner, LAST_INSERT_ID(${us}), ${reserved(us)}, ${ms}, ${ms} + :ttlMs, :holder, :label, '', 0, 0, ${LEFT_ALONE}
  FROM DUAL WHERE (:notAfter IS NULL OR ${ms} <= :notAfter) AND ${mayTake(table, standing)}
  ON DUPLICATE KEY UPDATE ${becoming(standing).join(', ')}`;

const onVerdict = (becomes: Readonly<Record<number, string>>, otherwise: string) =>
  `CASE verdict ${Object.entries(becomes)
    .map(([verdict, value]) => `WHEN ${verdict} THEN ${value}`)
    .join(' ')} ELSE ${otherwise} END`;
const afterChange = (becomes: string, otherwise: string) =>
  onVerdict({ [FREE]: becomes, [TAKEN]: becomes, [HANDED_ON]: becomes }, otherwise);
const described = (column: string) => {
  const anew = `VALUES(${column})`;
  return onVerdict({ [MINE]: anew, [FREE]: anew, [TAKEN]: anew, [HANDED_ON]: `''` }, column);
};

const verdict = (standing: boolean) => `CASE
  WHEN ${mine} THEN ${MINE}
  WHEN expires_at <= ${ms} AND ${lineLives} THEN CASE WHEN ${head} = VALUES(owner) THEN ${TAKEN} ELSE ${HANDED_ON} END
  WHEN expires_at <= ${ms} THEN CASE WHEN token_top < ${us} THEN ${FREE} ELSE ${TAKEN} END
  ${standing ? `WHEN ${mayStand} THEN ${STOOD}` : ''}
  ELSE ${LEFT_ALONE} END`;

const answer = onVerdict(
  {
    [FREE]: 'token',
    [MINE]: saying(SAID_MINE),
    [TAKEN]: saying(SAID_MINE),
    [STOOD]: saying(SAID_STANDING),
    [HANDED_ON]: `CASE WHEN ${inLine} THEN ${saying(SAID_STANDING)} ELSE ${saying(SAID_BUSY)} END`,
  },
  saying(SAID_BUSY),
);

const anewInLine = `CASE WHEN NOT ${lineLives} THEN CONCAT(VALUES(owner), ',') WHEN ${inLine} THEN line ELSE CONCAT(line, VALUES(owner), ',') END`;

// Whoever gets a yes may work for a whole ttl from its first send on, so an owner that asks again, and a head of the line that asks
// instead of confirming, get a whole ttl too: what a hand-over reserved is shorter.
//
// In this order: the token before what is reserved above it, the owner before the line that it comes from, and that before how long it lives.
const becoming = (standing: boolean) => [
  `verdict = ${verdict(standing)}`,
  `token = ${afterChange(nextToken, 'token')}`,
  `token_top = ${afterChange(reserved('token'), 'token_top')}`,
  `acquired_at = ${afterChange(ms, 'acquired_at')} + 0 * LAST_INSERT_ID(${answer})`,
  `expires_at = ${onVerdict(
    {
      [MINE]: 'GREATEST(expires_at, VALUES(expires_at))',
      [FREE]: 'VALUES(expires_at)',
      [TAKEN]: 'VALUES(expires_at)',
      [HANDED_ON]: `${ms} + :claimMs`,
    },
    'expires_at',
  )}`,
  `released_at = ${afterChange('NULL', 'released_at')}`,
  `holder = ${described('holder')}`,
  `label = ${described('label')}`,
  `revoked = ${afterChange('0', 'revoked')}`,
  `owner = ${onVerdict({ [FREE]: 'VALUES(owner)', [TAKEN]: 'VALUES(owner)', [HANDED_ON]: head }, 'owner')}`,
  `line = ${onVerdict({ [LEFT_ALONE]: 'line', [MINE]: 'line', [STOOD]: anewInLine }, `CASE WHEN ${lineLives} THEN ${tail} ELSE '' END`)}`,
  ...(standing ? [`line_until = ${onVerdict({ [STOOD]: `GREATEST(line_until, ${ms} + :waitMs)` }, 'line_until')}`] : []),
];

const isToken = (saying: number) => saying >= LEAST_TOKEN;
const meant = (saying: number) => saying % SAYINGS;

/** A token that is the clock's own tells the rest. */
function grantOf(token: number): Grant {
  const acquiredAt = Math.floor(token / 1_000);
  return { token, tokenTop: token + TOKENS_RESERVED, acquiredAt, now: acquiredAt, waiters: 0 };
}

/** `row`: read after the statement, so it may have changed since. Whose owner is the asker is the asker's, by that statement or a later one of its own. */
function toAskAnswer(saying: number, row: Row | undefined, { owner }: Claim): AskAnswer {
  if (isToken(saying)) return { kind: 'granted', grant: grantOf(saying) };
  const now = Math.floor(saying / SAYINGS);
  if (meant(saying) === SAID_MINE && row?.['owner'] === owner) return { kind: 'granted', grant: toGrant({ ...row, now }) };
  return { kind: 'busy', now: saying === 0 ? undefined : now, occupant: row && toOccupant(row) };
}

function toJoinAnswer(saying: number, row: Row | undefined, claim: Claim): JoinAnswer {
  const answer = toAskAnswer(saying, row, claim);
  if (answer.kind !== 'busy') return answer;
  // What was handed to it since is a claim: the next look finds it, and a confirmation makes it a lease.
  if (meant(saying) === SAID_STANDING && answer.now !== undefined && answer.occupant)
    return { kind: 'waiting', now: answer.now, ahead: placesBefore(toText(row?.['line']), claim.owner), occupant: answer.occupant };
  const now = answer.now ?? (row && Number(row['now']));
  return now !== undefined && claim.notAfter !== undefined && now > claim.notAfter ? { kind: 'late', now } : { ...answer, now };
}

// The guard waits for nobody, not behind a fenced transaction either; LIMIT keeps it a table of its own, since a statement may not change
// what it selects from (https://dev.mysql.com/doc/refman/8.0/en/derived-table-optimization.html).
const advanceText = (table: string) => `
  UPDATE ${table} SET
    token = ${nextToken}, token_top = ${reserved('token')}, acquired_at = ${ms}, expires_at = ${ms} + :claimMs, released_at = NULL,
    holder = '', label = '', revoked = 0, owner = ${head}, line = ${tail}
  WHERE name = (SELECT g.name FROM (SELECT l.name ${takeable(table, ':key', '')} LIMIT 1 FOR UPDATE SKIP LOCKED) g)
    AND expires_at <= ${ms} AND ${lineLives}`;

const confirmText = (table: string) => `
  UPDATE ${table} FORCE INDEX (PRIMARY) SET expires_at = GREATEST(expires_at, ${ms} + :ttlMs), acquired_at = LAST_INSERT_ID(${ms}),
    holder = :holder, label = :label
  WHERE name = :key AND owner = :owner AND revoked = 0`;

/** How a lock changes hands. */
export function takingStatements(table: string): Pick<LockStatements, 'ask' | 'join' | 'advance' | 'confirm'> {
  const [ask, join] = [bound('dlock_ask', taking(table, false)), bound('dlock_join', taking(table, true))];
  const [advance, confirm] = [bound('dlock_advance', advanceText(table)), bound('dlock_confirm', confirmText(table))];
  const read = bound('dlock_read', `SELECT ${seen}, ${ms} AS now FROM ${table} l WHERE l.name = :key`);
  const readOwn = bound('dlock_read_own', `SELECT ${seen} FROM ${table} l WHERE l.name = :key AND l.owner = :owner AND l.revoked = 0`);

  return {
    ask: (claim) => ({
      statement: {
        ...ask(valuesOf(claim)),
        followUp: (rows) => (!isToken(said(rows)) && meant(said(rows)) === SAID_MINE ? read({ key: claim.key }) : undefined),
      },
      read: (rows) => toAskAnswer(said(rows), rows[1], claim),
    }),

    join: (claim) => ({
      statement: {
        ...join({ ...valuesOf(claim), waitMs: Math.min(claim.waitMs, LONGEST_LINE_MS) }),
        followUp: (rows) => (isToken(said(rows)) ? undefined : read({ key: claim.key })),
      },
      read: (rows) => toJoinAnswer(said(rows), rows[1], claim),
    }),

    advance: (key, claimMs) => ({ statement: advance({ key, claimMs }), read: () => undefined }),

    confirm: (claim) => ({
      statement: { ...confirm(valuesOf(claim)), followUp: (rows) => (said(rows) === 0 ? undefined : readOwn(valuesOf(claim))) },
      read: (rows) => rows[1] && toGrant({ ...rows[1], now: said(rows) }),
    }),
  };
}

/** What a claim is sent as; the time after which nothing may happen is NULL where it is not known. */
const valuesOf = (claim: Claim): Readonly<Record<string, unknown>> => ({ ...claim });
