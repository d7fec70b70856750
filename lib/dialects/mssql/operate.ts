import type { LockStatements } from '../../contracts/dialect.js';
import { toLockView } from '../sql/rows.js';
import { LONGEST_STATEMENT_MS } from './driver.js';
import { batch, BYTES, NAME, seen, type Table, WHOLE } from './sql.js';

/** What operators ask for. */
export function operatorStatements({ name, byName }: Table): Pick<LockStatements, 'revoke' | 'list' | 'prune'> {
  const revoke = batch(
    'dlock_revoke',
    { key: NAME },
    `UPDATE l SET revoked = 1 OUTPUT 1 AS revoked
  FROM ${name} l WITH (UPDLOCK, ROWLOCK, ${byName}) WHERE l.name = @key AND l.owner IS NOT NULL AND l.expires_at > @ms;`,
  );

  const listText = (hints: string) =>
    `SELECT l.name, l.released_at, l.revoked, ${seen('l')} FROM ${name} l ${hints} WHERE l.expires_at > @ms`;
  const list = batch('dlock_list', {}, `${listText('')} ORDER BY l.name;`);
  const inspect = batch('dlock_inspect', { key: NAME }, `${listText(`WITH (${byName})`)} AND l.name = @key;`);

  // A row's last token must be older than any clock that a statement under way has read: made anew by such a one, it would hand out numbers
  // that it had handed out before.
  const idle = `l.expires_at <= @before AND (l.released_at IS NULL OR l.released_at <= @before)
    AND (l.line = '' OR l.line_until <= @ms) AND l.token_top < @us`;

  // Found first and deleted then, each row judged once more: one statement for both would lock all rows that it reads until it ends.
  const prune = batch(
    'dlock_prune',
    { idleMs: WHOLE },
    `DECLARE @before bigint = @ms - CASE WHEN @idleMs > ${LONGEST_STATEMENT_MS} THEN @idleMs ELSE ${LONGEST_STATEMENT_MS} END;
DECLARE @idle TABLE (name ${NAME} ${BYTES} NOT NULL);
INSERT INTO @idle (name) SELECT l.name FROM ${name} l WHERE ${idle};
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
DELETE l OUTPUT deleted.name
  FROM @idle a JOIN ${name} l WITH (UPDLOCK, ROWLOCK, READPAST, ${byName}) ON l.name = a.name WHERE ${idle};`,
  );

  return {
    revoke: (key) => ({ statement: revoke({ key }), read: ({ length }) => length > 0 }),
    list: (key) => ({ statement: key === undefined ? list() : inspect({ key }), read: (rows) => rows.map(toLockView) }),
    prune: (idleMs) => ({ statement: prune({ idleMs }), read: ({ length }) => length }),
  };
}
