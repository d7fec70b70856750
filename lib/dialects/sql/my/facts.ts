import type { DialectFacts } from '../../../contracts/dialect.js';

/** An UPDATE tells no more than one number: what else an answer needs is read after it. A lock that is free is taken without. */
export const STATEMENTS_PER_STEP: DialectFacts['statementsPerStep'] = { ask: 1, join: 2, confirm: 2, renew: 2, release: 1 };

/** What is to be known of both servers. */
export const LIMITS: readonly string[] = [
  'While a fenced transaction is open, a forced release of its lock waits for it, a second at a time, and fails if that takes too long.',
  'On a Galera cluster fences hold among transactions of one node only, and the clocks of its nodes must agree to less than `margin`.',
  "With `connections: 'shared'` the application's `sql_mode` must not have `SIMULTANEOUS_ASSIGNMENT`.",
  'The binary log, where there is one, must not be in STATEMENT format.',
];
