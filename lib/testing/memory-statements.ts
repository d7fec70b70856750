import type { LockStatements, Step } from '../contracts/dialect.js';
import { type Row, type Statement, StatementError } from '../contracts/session.js';
import type { StepName } from './intercepted.js';
import type { MemoryDatabase } from './memory-database.js';

/**
 * Statements that carry their arguments instead of SQL; {@link carryOut} carries them out. `text` is the table's name, in place of SQL.
 * `quick`: with those that a dialect may leave out.
 */
export function memoryStatements({ quick = false, text = '' } = {}): LockStatements {
  const step =
    (name: StepName) =>
    (...args: unknown[]): Step<never> => ({
      statement: { id: name, text, values: args },
      // The answer is what the method of the same name answered.
      read: ([row]) => row?.['answer'] as never,
    });
  return {
    columns: step('columns'),
    create: step('create'),
    createSql: () => 'CREATE TABLE in memory;\n',
    ask: step('ask'),
    ...(quick && { takeFree: step('takeFree'), releaseLone: step('releaseLone') }),
    join: step('join'),
    notify: step('notify'),
    look: step('look'),
    advance: step('advance'),
    confirm: step('confirm'),
    renew: step('renew'),
    fence: step('fence'),
    release: step('release'),
    leave: step('leave'),
    revoke: step('revoke'),
    free: step('free'),
    list: step('list'),
    prune: step('prune'),
    examine: step('examine'),
  };
}

/** The steps that need no table. */
const tableless: readonly StepName[] = ['columns', 'create', 'examine', 'notify'];

/** Carries out one of the statements of {@link memoryStatements}. @throws {StatementError} the table is missing */
export function carryOut(database: MemoryDatabase, { id, values }: Statement): readonly Row[] {
  // Nothing else makes statements for it.
  const step = id as StepName;
  if (!database.hasTable && !tableless.includes(step))
    throw new StatementError({ outcome: 'not-done', transient: false, missingTable: true }, new Error('no such table'));
  // A step is called as its method is, and carries that one's arguments.
  const steps = database as unknown as Record<StepName, (...args: unknown[]) => unknown>;
  return [{ answer: steps[step](...values) }];
}
