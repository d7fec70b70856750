import type { RegistryOptions } from '../../lib/engine/options.js';
import { LockRegistry } from '../../lib/lock-registry.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { memoryStatements } from '../../lib/testing/memory-statements.js';
import { memoryDialect, noSource } from '../../lib/testing/memory-dialect.js';
import { MemorySession } from './memory-session.js';

/** Registries without a server, on a clock that moves when told. */
export class MemoryWorld {
  readonly clock = new ManualClock();
  readonly database = new MemoryDatabase(this.clock);

  /** A registry, and what it sends. */
  registry(options: RegistryOptions = {}): { readonly locks: LockRegistry; readonly session: MemorySession } {
    const session = new MemorySession(this.database, this.clock);
    const dialect = memoryDialect({ statements: () => memoryStatements(), run: (statement) => session.send(statement) });
    const locks = new LockRegistry(noSource(), { clock: this.clock, dialect, polling: () => 200, ...options });
    return { locks, session };
  }

  locks(options: RegistryOptions = {}): LockRegistry {
    return this.registry(options).locks;
  }
}
