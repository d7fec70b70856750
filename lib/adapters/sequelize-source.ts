import { randomUUID } from 'node:crypto';
import type { Sequelize } from 'sequelize';
import type { ConnectionSource } from '../contracts/driver.js';
import { listeningFromTheStart } from './early-errors.js';

/** The part of Sequelize 6's connection manager that makes connections; its types do not show it. */
interface ConnectionManager {
  readonly config: { readonly replication?: { readonly write: object } | false | null };
  connect?(config: object): Promise<object>;
  _connect(config: object): Promise<object>;
  _disconnect(connection: object): Promise<void>;
  /** SQLite's manager has no pool and no `connect`: it opens the file once for each uuid, and memory once for all. */
  getConnection(options: { uuid: string }): Promise<object>;
  readonly connections: object;
  readonly dialect: object;
  /** The driver's module. */
  readonly lib?: { readonly Client?: unknown };
}

/**
 * Connections made by Sequelize itself, outside its pool: connection hooks, TLS and rotating credentials apply, always to the primary;
 * query hooks, logging, CLS transactions and an exhausted application pool do not.
 */
export function sequelizeSource(sequelize: Sequelize): ConnectionSource {
  const manager = (sequelize as unknown as { connectionManager: ConnectionManager }).connectionManager;
  return hasPool(sequelize) ? pooledServer(manager) : openedFile(manager);
}

/** False where the dialect keeps one connection for the whole application (SQLite): there is nothing that could be shared safely. */
export const hasPool = (sequelize: Sequelize) =>
  typeof (sequelize as unknown as { connectionManager: ConnectionManager }).connectionManager.connect === 'function';

function pooledServer(manager: ConnectionManager): ConnectionSource {
  const config = manager.config.replication ? manager.config.replication.write : manager.config;
  const connecting = withEarlyListeners(manager);
  return {
    open: () => connecting._connect(config),
    close: (connection) => manager._disconnect(connection as object),
  };
}

/** The manager itself, but for the class of its driver's clients where it has one. */
function withEarlyListeners(manager: ConnectionManager): ConnectionManager {
  const { lib } = manager;
  if (typeof lib?.Client !== 'function') return manager;
  const Client = listeningFromTheStart(lib.Client as Parameters<typeof listeningFromTheStart>[0]);
  const listening = Object.create(manager, {
    lib: { value: Object.create(lib, { Client: { value: Client } }) as object },
  }) as ConnectionManager;
  // It connects through its dialect, which knows the manager that it has made.
  const dialect = Object.create(manager.dialect, { connectionManager: { value: listening } }) as object;
  return Object.defineProperty(listening, 'dialect', { value: dialect });
}

function openedFile(manager: ConnectionManager): ConnectionSource {
  return {
    async open() {
      const uuid = `locks-${randomUUID()}`;
      try {
        return await manager.getConnection({ uuid });
      } finally {
        // What the manager remembers it closes once more when Sequelize is closed: that fails for a connection that we have closed, and
        // never ends for one that could not be opened.
        Reflect.deleteProperty(manager.connections, uuid);
      }
    },
    close: (connection) => closedFile(connection as SqliteDatabase),
  };
}

interface SqliteDatabase {
  readonly filename: string;
  close(closed: (error: Error | null) => void): unknown;
}

const closedFile = (database: SqliteDatabase) =>
  new Promise<void>((resolve, reject) => {
    if (database.filename === ':memory:') resolve();
    else database.close((error) => (error ? reject(error) : resolve()));
  });

/** Sequelize's name of the server's dialect. */
export const dialectNameOf = (sequelize: Sequelize): string => sequelize.getDialect();
