import { LockRegistryNotConfiguredError } from './core/errors.js';
import { checkRegistry } from './is-lock-registry.js';
import type { LockRegistry } from './lock-registry.js';

// One for the process, not one for each copy of the package in it.
const key: unique symbol = Symbol.for('sequelize-distributed-lock.default-registry');
const shared = globalThis as { [key]?: LockRegistry | undefined };

/** Makes `registry` the one that `withLock` and `@Locked` use where they are given none; `undefined` takes it away. @throws {TypeError} not a registry */
export function configureLocks(registry: LockRegistry | undefined): void {
  if (registry !== undefined) checkRegistry('What configureLocks() is given', registry);
  shared[key] = registry;
}

/** @throws {LockRegistryNotConfiguredError} no registry was configured */
export function defaultRegistry(): LockRegistry {
  const registry = shared[key];
  if (!registry) throw new LockRegistryNotConfiguredError();
  return registry;
}
