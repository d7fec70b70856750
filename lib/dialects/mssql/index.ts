import type { Dialect } from '../../contracts/dialect.js';
import { driver, type TediousConnection } from './driver.js';
import { examiningStatements } from './examine.js';
import { keepingStatements } from './keep.js';
import { lettingGoStatements } from './let-go.js';
import { operatorStatements } from './operate.js';
import { schemaStatements } from './schema.js';
import { tableOf } from './sql.js';
import { takingStatements } from './take.js';

/** SQL Server, or Azure SQL Database, through `tedious`. */
export const mssql: Dialect<TediousConnection> = {
  name: 'mssql',
  facts: {
    title: 'SQL Server',
    oldestServer: '2019',
    testedOn: [],
    driver: 'tedious',
    clockSource: 'SYSUTCDATETIME()',
    wakeUp: 'polling',
    statementsPerStep: { ask: 1, join: 1, confirm: 1, renew: 1, release: 1 },
    mostConnections: Infinity,
    sharedBy: 'any number of hosts',
    fencedTransactions: 'written, not run',
    limits: [
      'Its statements were parsed by a T-SQL grammar and compared with checked-in text, and its driver run against a double: nothing was run on a ' +
        'real server yet.',
      'That renewals pass an open fenced transaction, and that one under SNAPSHOT isolation is refused after a take-over, follows from the ' +
        'manual and was not seen.',
      'While a fenced transaction is open, a forced release of its lock waits for it, a second at a time, and fails if that takes too long.',
      'The database needs compatibility level 130 or higher, and the lock table must have no triggers.',
    ],
  },
  driver,
  transactionDefaults: {},
  statements(name) {
    const table = tableOf(name);
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
