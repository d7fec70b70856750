import type { Claim, LockStatements } from '../../contracts/dialect.js';
import { LONGEST_LINE_MS, MOST_IN_LINE, PLACE_LENGTH } from '../../contracts/line.js';
import { toAskAnswer, toGrant, toJoinAnswer } from '../sql/rows.js';
import { batch, greatest, head, lineLives, NAME, nextToken, OWNER, reserved, seen, type Table, tail, TEXT, WHOLE } from './sql.js';

/*
 * A batch is several statements, each a transaction of its own. The next one runs only where the one before found nothing to do, and judges the
 * row anew by its own condition, so whatever happens between two of them is as if it had happened before the batch: at worst an ask is answered
 * busy while the lock changes hands, and asks again.
 *
 * Nor can two of them wait for each other. Whatever gives the row another owner locks the entry of the key over (name, owner) first, exclusively
 * (XLOCK), then the row, then writes a new entry that nobody else knows. What keeps the owner locks an entry of one key, which it does not
 * change, and then the row, and waits for nothing after that.
 */

const claimTypes = { key: NAME, owner: OWNER, ttlMs: WHOLE, claimMs: WHOLE, holder: TEXT, label: TEXT, notAfter: WHOLE };

const tooLate = `IF @notAfter IS NOT NULL AND @ms > @notAfter BEGIN SELECT @ms AS now; RETURN; END;`;

// Whoever gets a yes may work for a whole ttl from its first send on, so an owner that asks again, and a head of the line that asks
// instead of confirming, get a whole ttl too: what a hand-over reserved is shorter. The one entry that it looks for is its own: no other ask
// is in its way, and a fence's share lock neither, since this entry is not changed.
const mineText = ({ name, byOwner }: Table) => `UPDATE l SET
    expires_at = ${greatest('l.expires_at', '@ms + @ttlMs')}, released_at = NULL, holder = @holder, label = @label
  OUTPUT ${seen('inserted')}, @ms AS now
  FROM ${name} l WITH (ROWLOCK, ${byOwner}) WHERE l.name = @key AND l.owner = @owner AND l.revoked = 0;`;

const toAnother = `${lineLives} AND ${head} <> @owner`;

// READPAST passes over what is locked: a row that somebody else is taking, renewing or joining, and one with a fence, whose share lock is on
// the entry that is locked here. So an ask waits for nobody, and a busy row is not written.
const takeText = ({ name, byOwner }: Table) => `UPDATE l SET
    owner = CASE WHEN ${lineLives} THEN ${head} ELSE @owner END,
    line = CASE WHEN ${lineLives} THEN ${tail} ELSE '' END,
    token = ${nextToken}, token_top = ${reserved(nextToken)}, acquired_at = @ms,
    expires_at = CASE WHEN ${toAnother} THEN @ms + @claimMs ELSE @ms + @ttlMs END, released_at = NULL,
    holder = CASE WHEN ${toAnother} THEN N'' ELSE @holder END,
    label = CASE WHEN ${toAnother} THEN N'' ELSE @label END, revoked = 0
  OUTPUT ${seen('inserted')}, @ms AS now
  FROM ${name} l WITH (XLOCK, ROWLOCK, READPAST, ${byOwner}) WHERE l.name = @key AND l.expires_at <= @ms;`;

// Two may make the row at once. One of them waits for the other, is refused by the key (2627, 2601), and is answered busy: no range of keys is
// locked (HOLDLOCK), which makes asks for different names wait for each other.
const makeText = ({
  name,
  byName,
}: Table) => `IF @rows = 0 AND NOT EXISTS (SELECT 1 FROM ${name} l WITH (${byName}) WHERE l.name = @key) BEGIN
BEGIN TRY
  INSERT INTO ${name} (name, owner, token, token_top, acquired_at, expires_at, holder, label, line, line_until, revoked)
  VALUES (@key, @owner, @us, ${reserved('@us')}, @ms, @ms + @ttlMs, @holder, @label, '', 0, 0);
  SET @rows = 1;
  SELECT @owner AS owner, @us AS token, ${reserved('@us')} AS token_top, @ms AS acquired_at, @ms + @ttlMs AS expires_at,
    @holder AS holder, @label AS label, '' AS line, @ms AS now;
END TRY
BEGIN CATCH
  IF ERROR_NUMBER() NOT IN (2601, 2627) BEGIN; THROW; END;
END CATCH;
END;`;

const takingText = (table: Table) => `DECLARE @rows int;
${tooLate}
${mineText(table)}
SET @rows = @@ROWCOUNT;
IF @rows = 0 BEGIN
${takeText(table)}
SET @rows = @@ROWCOUNT;
END;
${makeText(table)}`;

// Who finds the row free meanwhile stands nowhere and asks again: a line without an owner would be nobody's to advance. So does who has
// become its owner meanwhile.
const standText = ({ name, byName }: Table) => `IF @rows = 0 BEGIN
UPDATE l SET
    line = CASE WHEN NOT ${lineLives} THEN @owner + ',' WHEN CHARINDEX(@owner, l.line) > 0 THEN l.line ELSE l.line + @owner + ',' END,
    line_until = ${greatest('l.line_until', '@ms + @waitMs')}
  OUTPUT ${seen('inserted')}, @ms AS now
  FROM ${name} l WITH (UPDLOCK, ROWLOCK, ${byName})
  WHERE l.name = @key AND (l.owner IS NULL OR l.owner <> @owner) AND l.expires_at > @ms
    AND (NOT ${lineLives} OR DATALENGTH(l.line) < ${MOST_IN_LINE * PLACE_LENGTH} OR CHARINDEX(@owner, l.line) > 0);
SET @rows = @@ROWCOUNT;
END;
IF @rows = 0
  SELECT ${seen('l', 'NULLIF(l.owner, @owner)')}, c.now
  FROM (SELECT @ms AS now) c LEFT JOIN ${name} l WITH (${byName}) ON l.name = @key;`;

const advanceText = ({ name, byOwner }: Table) => `UPDATE l SET
    owner = ${head}, line = ${tail}, token = ${nextToken}, token_top = ${reserved(nextToken)},
    acquired_at = @ms, expires_at = @ms + @claimMs, released_at = NULL, holder = N'', label = N'', revoked = 0
  FROM ${name} l WITH (XLOCK, ROWLOCK, READPAST, ${byOwner}) WHERE l.name = @key AND l.expires_at <= @ms AND ${lineLives};`;

const confirmText = ({ name, byOwner }: Table) => `UPDATE l SET
    expires_at = ${greatest('l.expires_at', '@ms + @ttlMs')}, acquired_at = @ms, holder = @holder, label = @label
  OUTPUT ${seen('inserted')}, @ms AS now
  FROM ${name} l WITH (ROWLOCK, ${byOwner}) WHERE l.name = @key AND l.owner = @owner AND l.revoked = 0;`;

/** How a lock changes hands. */
export function takingStatements(table: Table): Pick<LockStatements, 'ask' | 'join' | 'advance' | 'confirm'> {
  const ask = batch('dlock_ask', claimTypes, `${takingText(table)}\nIF @rows = 0 SELECT @ms AS now;`, 'REPEATABLE READ');
  const join = batch('dlock_join', { ...claimTypes, waitMs: WHOLE }, `${takingText(table)}\n${standText(table)}`, 'REPEATABLE READ');
  const advance = batch('dlock_advance', { key: NAME, claimMs: WHOLE }, advanceText(table), 'REPEATABLE READ');
  const confirm = batch('dlock_confirm', { key: NAME, owner: OWNER, ttlMs: WHOLE, holder: TEXT, label: TEXT }, confirmText(table));

  return {
    ask: (claim) => ({ statement: ask(valuesOf(claim)), read: ([row]) => toAskAnswer(row, claim) }),

    join: (claim) => ({
      statement: join({ ...valuesOf(claim), waitMs: Math.min(claim.waitMs, LONGEST_LINE_MS) }),
      read: ([row]) => toJoinAnswer(row, claim),
    }),

    advance: (key, claimMs) => ({ statement: advance({ key, claimMs }), read: () => undefined }),

    confirm: (claim) => ({ statement: confirm(valuesOf(claim)), read: ([row]) => row && toGrant(row) }),
  };
}

/** What a claim is sent as; the time after which nothing may happen is NULL where it is not known. */
const valuesOf = (claim: Claim): Readonly<Record<string, unknown>> => ({ ...claim });
