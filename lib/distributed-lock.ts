import type { Sequelize } from 'sequelize';
import { isPgPool, type PgPool } from './adapters/pg-pool-source.js';
import { encodeName } from './core/lock-name.js';
import type { RunOptions } from './engine/options.js';
import { EXECUTION_SKIPPED } from './engine/run-locked.js';
import { LockRegistry } from './lock-registry.js';
import type { LockSource } from './lock-source.js';
import { fixedPolling } from './policies/index.js';

/** What a {@link DistributedLock} is made with. */
export interface DistributedLockOptions {
  /** Sequelize's query interface, or a `pg.Pool`. */
  readonly queryInterface: { readonly sequelize: Sequelize } | PgPool;
  /** The lock table, with its schema where it has one; default `'distributed_lock'`. */
  readonly lockTableName?: string;
  /** The lock ends after so long and is not renewed; default 1,200 s. */
  readonly lockTTLSeconds?: number;
  /** Skip the function while somebody else holds the lock, instead of waiting; default false. */
  readonly skipIfObtained?: boolean;
}

/**
 * The API of the original Sequelize Distributed Lock, over a {@link LockRegistry}.
 *
 * Differs from the original in that two `lock()` calls on one object exclude each other. What it holds is released when the process ends.
 */
export class DistributedLock {
  /** What `lock()` resolves to when the function was skipped. */
  static readonly EXECUTION_SKIPPED: typeof EXECUTION_SKIPPED = EXECUTION_SKIPPED;
  readonly #locks: LockRegistry;
  readonly #options: RunOptions;

  /** @throws {TypeError} {RangeError} a wrong name or option */
  constructor(
    readonly name: string,
    { queryInterface, lockTableName = 'distributed_lock', lockTTLSeconds = 1_200, skipIfObtained = false }: DistributedLockOptions,
  ) {
    encodeName(name);
    this.#locks = registryFor(isPgPool(queryInterface) ? queryInterface : queryInterface.sequelize, lockTableName);
    this.#options = { ttl: seconds('lockTTLSeconds', lockTTLSeconds), renew: false, onBusy: skipIfObtained ? 'skip' : 'wait' };
  }

  /**
   * Runs `fn` under the lock and resolves with what it returned, or with {@link EXECUTION_SKIPPED}.
   *
   * @throws what `fn` threw
   * @throws {LockTimeoutError} still held elsewhere after `timeoutSeconds` (300)
   * @throws {LeaseLostError} `fn` took longer than `lockTTLSeconds`
   * @throws as `LockRegistry.run` does
   */
  async lock<T>(
    fn: () => T | PromiseLike<T>,
    { timeoutSeconds = 300, sleepMilliseconds = 1_000 }: { readonly timeoutSeconds?: number; readonly sleepMilliseconds?: number } = {},
  ): Promise<T | typeof EXECUTION_SKIPPED> {
    return this.#locks.run(this.name, () => fn(), {
      ...this.#options,
      wait: seconds('timeoutSeconds', timeoutSeconds),
      polling: fixedPolling(sleepMilliseconds),
    });
  }
}

const registries = new WeakMap<LockSource, Map<string, LockRegistry>>();

/** One registry for all locks on one table: they share its connections. */
function registryFor(source: LockSource, table: string): LockRegistry {
  const byTable = registries.get(source) ?? new Map<string, LockRegistry>();
  const registry = byTable.get(table) ?? new LockRegistry(source, { table, closeOnExit: true });
  registries.set(source, byTable.set(table, registry));
  return registry;
}

function seconds(option: string, value: unknown): number {
  if (typeof value !== 'number' || Number.isNaN(value) || value < 0)
    throw new TypeError(`Option "${option}" must be a number of seconds; got ${String(value)}.`);
  return value * 1_000;
}
