import type { Dialect } from '../../lib/contracts/dialect.js';
import { StatementError } from '../../lib/contracts/session.js';
import type { RegistryOptions } from '../../lib/engine/options.js';
import { LockRegistry } from '../../lib/lock-registry.js';
import type { LockSource } from '../../lib/lock-source.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase, memoryStatements } from './memory-database.js';
import { MemorySession, REFUSED } from './memory-session.js';

/** Connections to nothing: the dialect's driver has what is behind them. */
export function noSource(): LockSource {
  const pool = {
    options: {},
    idleCount: 0,
    query: () => Promise.resolve(undefined),
    Client: class {
      on(): void {
        // It never fails.
      }
      connect = () => Promise.resolve();
      end = () => Promise.resolve();
    },
  };
  return pool;
}

/** A dialect whose rows are in memory, sent to by way of `session`. */
export const memoryDialect = (session: MemorySession): Dialect => ({
  name: 'memory',
  facts: {
    title: 'Memory',
    oldestServer: '',
    driver: '',
    clockSource: '',
    wakeUp: 'polling',
    statementsPerStep: { ask: 1, join: 1, confirm: 1, renew: 1, release: 1 },
    mostConnections: Infinity,
    sharedBy: '',
    limits: [],
  },
  transactionDefaults: {},
  statements: () => memoryStatements(),
  driver: {
    prepare: (connection) => Promise.resolve(connection),
    run: (_connection, statement) => session.send(statement),
    destroy: () => undefined,
    onBroken: () => undefined,
    keepAlive: () => undefined,
    classify: (error) => (error instanceof StatementError ? error.failure : REFUSED),
  },
});

/** Registries without a server, on a clock that moves when told. */
export class MemoryWorld {
  readonly clock = new ManualClock();
  readonly database = new MemoryDatabase(this.clock);

  /** A registry, and what it sends. */
  registry(options: RegistryOptions = {}): { readonly locks: LockRegistry; readonly session: MemorySession } {
    const session = new MemorySession(this.database, this.clock);
    const locks = new LockRegistry(noSource(), { clock: this.clock, dialect: memoryDialect(session), polling: () => 200, ...options });
    return { locks, session };
  }

  locks(options: RegistryOptions = {}): LockRegistry {
    return this.registry(options).locks;
  }
}
