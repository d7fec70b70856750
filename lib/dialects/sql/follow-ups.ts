import type { Row, Statement } from '../../contracts/session.js';

/** What followed failed after the statement before it had been carried out. */
export class FollowUpError extends Error {
  override readonly name = 'FollowUpError';
}

/** Runs a statement with what follows it, and answers the rows of all. @throws {FollowUpError} what followed a change failed */
export async function runInTurn(run: (statement: Statement) => Promise<readonly Row[]>, statement: Statement): Promise<readonly Row[]> {
  const rows = await run(statement);
  const next = statement.followUp?.(rows);
  if (!next) return rows;
  try {
    // Without an id the first was to leave nothing prepared, nor is what follows it.
    return [...rows, ...(await runInTurn(run, statement.id === '' ? { ...next, id: '' } : next))];
  } catch (cause) {
    throw changed(rows) ? new FollowUpError('What followed a change of the lock table failed.', { cause }) : cause;
  }
}

const changed = ([row]: readonly Row[]) => row !== undefined && 'affectedRows' in row;
