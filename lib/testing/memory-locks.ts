import { systemClock } from '../adapters/system-clock.js';
import type { Clock } from '../contracts/clock.js';
import type { Dialect } from '../contracts/dialect.js';
import { spokenTable } from '../core/table-name.js';
import type { RegistryOptions } from '../engine/options.js';
import { LockRegistry } from '../lock-registry.js';
import { MemoryDatabase } from './memory-database.js';
import { carryOut, memoryStatements } from './memory-statements.js';
import { memoryDialect, noSource } from './memory-dialect.js';

/**
 * A database in memory, for the tests of a service: its registries share their locks, as processes share those of a server.
 *
 * The locks behave as on a server, waiting in line, expiry and tokens included. There are no transactions, so `lease.transaction` is a `TypeError`.
 *
 * @example
 * const memory = new MemoryLocks();
 * const [one, other] = [memory.registry(), memory.registry()];
 * await one.acquire('report');
 * await other.tryAcquire('report'); // undefined: it is held
 */
export class MemoryLocks {
  /** For {@link intercepted}, to make statements fail. */
  readonly dialect: Dialect;
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #tables = new Map<string, MemoryDatabase>();
  readonly #listeners = new Map<string, (payload: string) => void>();

  /** @param options `clock`: of the database and its registries; default: the machine's */
  constructor({ clock = systemClock }: { readonly clock?: Clock } = {}) {
    this.#clock = clock;
    const { wallMs, monotonicMs } = clock.now();
    this.#startedMs = wallMs - monotonicMs;
    this.dialect = memoryDialect({
      statements: (table) => memoryStatements({ quick: true, text: spokenTable(table) }),
      // Like a server, it never answers before whoever asks goes on.
      run: (statement) => Promise.resolve().then(() => carryOut(this.#table(statement.text), statement)),
      listen: (registry, heard) => {
        this.#listeners.set(registry, heard);
        return () => void this.#listeners.delete(registry);
      },
    });
  }

  /**
   * A registry on this database, as another process would have one.
   *
   * @throws {TypeError} {RangeError} as the constructor of `LockRegistry` does
   */
  registry(options: RegistryOptions = {}): LockRegistry {
    return new LockRegistry(noSource(), { clock: this.#clock, dialect: this.dialect, ...options });
  }

  #table(name: string): MemoryDatabase {
    let table = this.#tables.get(name);
    if (!table) {
      table = new MemoryDatabase(this.#clock, this.#startedMs, this.#listeners);
      table.hasTable = false;
      this.#tables.set(name, table);
    }
    return table;
  }
}
