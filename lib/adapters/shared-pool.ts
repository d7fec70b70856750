import type { Sequelize } from 'sequelize';
import type { ConnectionSource, Driver } from '../contracts/driver.js';

interface PooledManager {
  getConnection(options: { type: string; useMaster: boolean }): Promise<object>;
  releaseConnection(connection: object): void;
  destroyConnection?(connection: object): Promise<void>;
}

const managerOf = (sequelize: Sequelize) => (sequelize as unknown as { connectionManager: PooledManager }).connectionManager;

/** The application's own pool: one connection for one statement, always of the primary. An exhausted pool then delays renewals, up to their loss. */
export function sharedSource(sequelize: Sequelize): ConnectionSource {
  const manager = managerOf(sequelize);
  return {
    open: () => manager.getConnection({ type: 'UPDATE', useMaster: true }),
    close: (connection) => Promise.resolve(manager.releaseConnection(connection as object)),
  };
}

/** `driver` on connections that belong to somebody else: no settings, no prepared statements and no listeners are left on them. */
export function borrowing(driver: Driver, sequelize: Sequelize): Driver {
  const manager = managerOf(sequelize);
  return {
    ...driver,
    prepare: (connection) => Promise.resolve(connection),
    run: (connection, statement) => driver.run(connection, { ...statement, id: '' }),
    destroy(connection) {
      driver.destroy(connection);
      void manager.destroyConnection?.(connection as object).catch(() => undefined);
    },
    onBroken: () => undefined,
    keepAlive: () => undefined,
  };
}
