import type { Failure, Row, Statement } from './session.js';

/** Where connections come from: Sequelize's connection manager, or a pool of the driver's own. */
export interface ConnectionSource {
  /** A new connection, made as the application makes its own (hooks, TLS, credentials), that nobody else uses. */
  open(): Promise<unknown>;
  /** Closes a connection politely. */
  close(connection: unknown): Promise<void>;
}

/** How a dialect talks to its driver: the part that differs between `pg`, `sqlite3` and others. It is only ever handed connections that it has prepared itself. */
export interface Driver<Connection = unknown> {
  /** Readies a connection: session settings are set, never relied on. Returns the connection to use, which may be another one. */
  prepare(connection: Connection, timeoutMs: number): Promise<Connection>;
  run(connection: Connection, statement: Statement): Promise<readonly Row[]>;
  /** Gives a connection up at once, without waiting for the network. */
  destroy(connection: Connection): void;
  /** Calls `fn` once when the connection breaks by itself. */
  onBroken(connection: Connection, fn: () => void): void;
  /** Whether an open connection keeps the process alive. */
  keepAlive(connection: Connection, alive: boolean): void;
  /** Why no transaction on this connection of the application's can be fenced, where its locks are out of reach; else nothing. */
  unfenceable?(connection: Connection): string | undefined;
  /** What `error` says about the row. `sent`: the statement had been handed to the driver on an open connection. Never by message text. */
  classify(error: unknown, sent: boolean): Failure;
  /** Calls `heard` with each notification to this registry (the first half of its owner ids), where the server can notify. */
  listen?(connection: Connection, registry: string, heard: (payload: string) => void): Promise<void>;
}
