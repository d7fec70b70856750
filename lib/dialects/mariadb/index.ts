import type { Dialect } from '../../contracts/dialect.js';
import { LIMITS, STATEMENTS_PER_STEP } from '../sql/my/facts.js';
import { lockStatements } from '../sql/my/statements.js';
import { driver, type MariadbConnection } from './driver.js';

/** MariaDB, through its own driver. */
export const mariadb: Dialect<MariadbConnection> = {
  name: 'mariadb',
  facts: {
    title: 'MariaDB',
    oldestServer: '10.6',
    testedOn: ['MariaDB 10.11'],
    driver: 'mariadb',
    clockSource: 'UTC_TIMESTAMP(6)',
    wakeUp: 'polling',
    statementsPerStep: STATEMENTS_PER_STEP,
    mostConnections: Infinity,
    sharedBy: 'any number of hosts',
    fencedTransactions: 'yes',
    limits: LIMITS,
  },
  driver,
  // Under the server's default a transaction keeps seeing what it saw first, also when somebody else had the lock in between.
  transactionDefaults: { isolationLevel: 'READ COMMITTED' },
  statements: lockStatements,
};
