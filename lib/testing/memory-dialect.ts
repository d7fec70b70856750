import type { Dialect, LockStatements } from '../contracts/dialect.js';
import { type Failure, type Row, type Statement, StatementError } from '../contracts/session.js';
import type { TableName } from '../core/table-name.js';
import type { LockSource } from '../lock-source.js';

/** Where the statements of {@link memoryDialect} go. */
export interface Memory {
  statements(table: TableName): LockStatements;
  /** Carries a statement out. @throws {StatementError} */
  run(statement: Statement): Promise<readonly Row[]>;
  /** Where it is missing, waiters look from time to time. Calling back what it answers ends it. */
  readonly listen?: (registry: string, heard: (payload: string) => void) => () => void;
}

/** What nobody has heard of will not be better next time. */
const UNHEARD_OF: Failure = { outcome: 'not-done', transient: false };

/** Connections to nothing, in the shape of a `pg.Pool`: the driver of {@link memoryDialect} has what is behind them. */
export function noSource(): LockSource {
  const pool = { options: {}, idleCount: 0, query: () => Promise.resolve(undefined), Client: NoClient };
  return pool;
}

class NoClient {
  on(): void {
    // It never fails.
  }

  connect = () => Promise.resolve();
  end = () => Promise.resolve();
}

/** A dialect whose rows are in memory. */
export function memoryDialect(memory: Memory): Dialect<object> {
  const deaf = new WeakMap<object, () => void>();
  return {
    name: 'memory',
    facts: {
      title: 'Memory',
      oldestServer: '',
      testedOn: [],
      driver: '',
      clockSource: 'that of the process',
      wakeUp: memory.listen ? 'notification' : 'polling',
      statementsPerStep: { ask: 1, join: 1, confirm: 1, renew: 1, release: 1 },
      mostConnections: Infinity,
      sharedBy: 'one process',
      fencedTransactions: 'none',
      limits: [],
    },
    transactionDefaults: {},
    statements: (table) => memory.statements(table),
    driver: {
      prepare: (connection) => Promise.resolve(connection),
      run: (_connection, statement) => memory.run(statement),
      destroy: (connection) => deaf.get(connection)?.(),
      onBroken: () => undefined,
      keepAlive: () => undefined,
      classify: (error) => (error instanceof StatementError ? error.failure : UNHEARD_OF),
      ...(memory.listen && {
        listen(connection: object, registry: string, heard: (payload: string) => void) {
          deaf.set(connection, memory.listen?.(registry, heard) ?? (() => undefined));
          return Promise.resolve();
        },
      }),
    },
  };
}
