import { LockRegistryNotConfiguredError } from './core/errors.js';
import type { LockRegistry } from './lock-registry.js';

/** Whose locks an object uses that says nothing about it itself, such as one that a framework's container made; `undefined`: not known here. */
export type RegistryFinder = (object: object) => LockRegistry | undefined;

// One list for the process, not one for each copy of the package in it.
const key: unique symbol = Symbol.for('sequelize-distributed-lock.registry-finders');
const shared = globalThis as { [key]?: Set<RegistryFinder> | undefined };

/** Makes `@Locked` ask `finder` about objects without `locks` of their own. Returns what takes that back. */
export function findRegistriesBy(finder: RegistryFinder): () => void {
  const finders = (shared[key] ??= new Set());
  finders.add(finder);
  return () => void finders.delete(finder);
}

/**
 * The registry that a finder knows for `object`; `undefined` where none does.
 *
 * @throws {LockRegistryNotConfiguredError} they know several: a guess could be another application's locks
 */
export function foundRegistry(object: unknown): LockRegistry | undefined {
  if ((typeof object !== 'object' && typeof object !== 'function') || object === null) return undefined;
  let found: LockRegistry | undefined;
  for (const finder of shared[key] ?? []) {
    const registry = finder(object);
    if (found && registry && registry !== found) throw new LockRegistryNotConfiguredError(undefined, severalKnow(object));
    found ??= registry;
  }
  return found;
}

function severalKnow(object: object): string {
  const { name } = typeof object === 'function' ? object : object.constructor;
  return (
    `Several applications in this process make objects of class "${name}", each with locks of its own, and this one does not say whose it is. ` +
    'Pass options.registry, give the object a property `locks` that is a registry, and close applications that are done.'
  );
}
