/** What is to be known of both servers. */
export const MY_LIMITS: readonly string[] = [
  'A confirmation, a renewal and a place in line take a second statement, which reads what the first has written.',
  'While a fenced transaction is open, a forced release of its lock waits for it, a second at a time. On a Galera cluster fences hold among transactions of one node only.',
  "With `connections: 'shared'` the application's sessions must not have `SIMULTANEOUS_ASSIGNMENT` in their `sql_mode`.",
  'The binary log, where there is one, must not be in STATEMENT format.',
];
