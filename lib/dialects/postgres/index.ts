import type { Dialect } from '../../contracts/dialect.js';
import { driver, type PgClient } from './driver.js';
import { examiningStatements } from './examine.js';
import { keepingStatements } from './keep.js';
import { lettingGoStatements } from './let-go.js';
import { operatorStatements } from './operate.js';
import { rehearsingStatements } from './rehearse.js';
import { schemaStatements } from './schema.js';
import { quotedTable } from './sql.js';
import { takingStatements } from './take.js';
import { uncontendedStatements } from './uncontended.js';

/** PostgreSQL, through `pg`. */
export const postgres: Dialect<PgClient> = {
  name: 'postgres',
  facts: {
    title: 'PostgreSQL',
    oldestServer: '12',
    testedOn: ['PostgreSQL 18'],
    driver: 'pg',
    clockSource: 'clock_timestamp()',
    wakeUp: 'notification',
    statementsPerStep: { ask: 1, join: 1, confirm: 1, renew: 1, release: 1 },
    mostConnections: Infinity,
    sharedBy: 'any number of hosts',
    fencedTransactions: 'yes',
    limits: [],
  },
  driver,
  transactionDefaults: {},
  statements(name) {
    const table = quotedTable(name);
    const [taking, lettingGo] = [takingStatements(table), lettingGoStatements(table)];
    return {
      ...schemaStatements(name),
      ...taking,
      ...uncontendedStatements(table),
      ...keepingStatements(table),
      ...lettingGo,
      ...rehearsingStatements({ ...taking, ...lettingGo }),
      ...operatorStatements(table),
      ...examiningStatements(name),
    };
  },
};
