import type { Dialect } from '../../contracts/dialect.js';
import { MY_LIMITS } from '../sql/my/limits.js';
import { lockStatements } from '../sql/my/statements.js';
import { driver, type MariadbConnection } from './driver.js';

/** MariaDB, through its own driver. */
export const mariadb: Dialect<MariadbConnection> = {
  name: 'mariadb',
  facts: {
    title: 'MariaDB',
    oldestServer: '10.6',
    driver: 'mariadb',
    clockSource: 'UTC_TIMESTAMP(6)',
    wakeUp: 'polling',
    mostConnections: Infinity,
    sharedBy: 'any number of hosts',
    limits: MY_LIMITS,
  },
  driver,
  // Under the server's default a transaction keeps seeing what it saw first, also when somebody else had the lock in between.
  transactionDefaults: { isolationLevel: 'READ COMMITTED' },
  statements: lockStatements,
};
