import type { Dialect } from '../../contracts/dialect.js';
import type { SqliteDatabase } from './database.js';
import { driver } from './driver.js';
import { examiningStatements } from './examine.js';
import { keepingStatements } from './keep.js';
import { lettingGoStatements } from './let-go.js';
import { operatorStatements } from './operate.js';
import { schemaStatements } from './schema.js';
import { quotedTable } from './sql.js';
import { takingStatements } from './take.js';

/** SQLite, through `sqlite3`. */
export const sqlite: Dialect<SqliteDatabase> = {
  name: 'sqlite',
  facts: {
    title: 'SQLite',
    oldestServer: '3.42',
    testedOn: ['SQLite 3.52'],
    driver: 'sqlite3',
    clockSource: `unixepoch('subsec')`,
    wakeUp: 'polling',
    statementsPerStep: { ask: 1, join: 1, confirm: 1, renew: 1, release: 1 },
    mostConnections: 1,
    sharedBy: 'processes of one host; in memory: one process',
    fencedTransactions: 'yes; not in memory',
    limits: [
      'The file must be on a disk of that host: locks on network file systems fail silently.',
      'Lock statements wait while another connection writes; keep write transactions short, and let readers work beside them (WAL).',
      'No fenced transactions in memory: there the locks are in a database of their own.',
      'The clock has milliseconds: a row deleted by hand may repeat a token of that same millisecond.',
    ],
  },
  driver,
  // Otherwise a transaction that has read fails when it wants to write after somebody else has.
  transactionDefaults: { type: 'IMMEDIATE' },
  statements(name) {
    const table = quotedTable(name);
    return {
      ...schemaStatements(name),
      ...takingStatements(table),
      ...keepingStatements(table),
      ...lettingGoStatements(table),
      ...operatorStatements(table),
      ...examiningStatements(name),
    };
  },
};
