import type { Dialect } from '../../contracts/dialect.js';
import { LIMITS, STATEMENTS_PER_STEP } from '../sql/my/facts.js';
import { lockStatements } from '../sql/my/statements.js';
import { driver, type Mysql2Connection } from './driver.js';

/** MySQL, or MariaDB, through `mysql2`. */
export const mysql: Dialect<Mysql2Connection> = {
  name: 'mysql',
  facts: {
    title: 'MySQL',
    oldestServer: '8.0',
    testedOn: ['MariaDB 10.11'],
    driver: 'mysql2',
    clockSource: 'UTC_TIMESTAMP(6)',
    wakeUp: 'polling',
    statementsPerStep: STATEMENTS_PER_STEP,
    mostConnections: Infinity,
    sharedBy: 'any number of hosts',
    fencedTransactions: 'yes',
    limits: [
      ...LIMITS,
      'Its specs run on MariaDB where no MySQL is to be had, through this driver; its statements are SQL of MySQL 8.0 by a grammar.',
    ],
  },
  driver,
  // Under the servers' default a transaction keeps seeing what it saw first, also when somebody else had the lock in between.
  transactionDefaults: { isolationLevel: 'READ COMMITTED' },
  statements: lockStatements,
};
