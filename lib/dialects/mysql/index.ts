import type { Dialect } from '../../contracts/dialect.js';
import { MY_LIMITS } from '../sql/my/limits.js';
import { lockStatements } from '../sql/my/statements.js';
import { driver, type Mysql2Connection } from './driver.js';

/** MySQL, or MariaDB, through `mysql2`. */
export const mysql: Dialect<Mysql2Connection> = {
  name: 'mysql',
  facts: {
    title: 'MySQL',
    oldestServer: '8.0',
    driver: 'mysql2',
    clockSource: 'UTC_TIMESTAMP(6)',
    wakeUp: 'polling',
    mostConnections: Infinity,
    sharedBy: 'any number of hosts',
    limits: [...MY_LIMITS, 'Its specs run on MariaDB, through this driver and in SQL that both servers have, where no MySQL is to be had.'],
  },
  driver,
  // Under the servers' default a transaction keeps seeing what it saw first, also when somebody else had the lock in between.
  transactionDefaults: { isolationLevel: 'READ COMMITTED' },
  statements: lockStatements,
};
