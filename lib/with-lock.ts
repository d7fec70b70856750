import { defaultRegistry } from './default-registry.js';
import { encodeName } from './core/lock-name.js';
import type { LockNames } from './engine/lock-engine.js';
import { checkCall, type RunOptions } from './engine/options.js';
import { checkRegistry } from './is-lock-registry.js';
import type { LockRegistry, SkipResult } from './lock-registry.js';

/** What a name function answers where no lock is needed for these arguments. */
export const NO_LOCK: unique symbol = Symbol.for('sequelize-distributed-lock.no-lock');

/** A name, several names, or a function of the wrapped function's arguments (and `this`) that tells. */
export type NameOf<This, A extends readonly unknown[]> = LockNames | ((this: This, ...args: A) => LockNames | typeof NO_LOCK);

/** How a wrapped function runs under its lock. */
export interface WithLockOptions extends RunOptions {
  /** Whose lock it is; default: the one given to `configureLocks`. */
  readonly registry?: LockRegistry;
}

/**
 * A function with `fn`'s parameters, `this`, name and length that runs `fn` under the lock.
 *
 * The registry is looked up when the function is called, never when it is made.
 *
 * @param name what to lock; a function of the arguments may answer several names, or `NO_LOCK`
 * @returns with `onBusy: 'skip'` the function resolves with `EXECUTION_SKIPPED` while somebody else holds the lock
 * @throws {TypeError} {RangeError} at once: an empty name or list, a wrong option, or `fn` is not a function
 * @throws as `LockRegistry.run` does, when the function is called
 *
 * @example
 * const tick = withLock('nightly-report', writeReport, { onBusy: 'skip' });
 */
export function withLock<This, A extends unknown[], R, const O extends WithLockOptions | undefined = undefined>(
  name: NameOf<This, A>,
  fn: (this: This, ...args: A) => R,
  options?: O,
): (this: This, ...args: A) => Promise<Awaited<R> | SkipResult<O>> {
  const { registry, call } = splitOptions(options);
  return wrapped(name, fn, () => registry ?? defaultRegistry(), call);
}

/**
 * Whose lock it is, apart from how the function runs under it.
 *
 * @throws {TypeError} {RangeError} a wrong option
 */
export function splitOptions<const O extends WithLockOptions | undefined>(options: O): { registry?: LockRegistry; call: O } {
  if (options === undefined) return { call: options };
  const { registry, ...call }: WithLockOptions = options;
  checkCall(call);
  if (registry === undefined) return { call: call as O };
  checkRegistry('Option "registry"', registry);
  // Of what tells its type nothing is missing.
  return { registry, call: call as O };
}

/** {@link withLock}, with the registry found by `registryOf` from `this`. */
export function wrapped<This, A extends unknown[], R, O extends RunOptions | undefined>(
  name: NameOf<This, A>,
  fn: (this: This, ...args: A) => R,
  registryOf: (self: This) => LockRegistry,
  options: O,
): (this: This, ...args: A) => Promise<Awaited<R> | SkipResult<O>> {
  if (typeof fn !== 'function') throw new TypeError(`withLock() needs a function to wrap; got ${typeof fn}.`);
  if (typeof name !== 'function') checkNames(name);
  const locked = async function (this: This, ...args: A): Promise<Awaited<R> | SkipResult<O>> {
    const names = typeof name === 'function' ? name.apply(this, args) : name;
    if (names === NO_LOCK) return await fn.apply(this, args);
    return registryOf(this).run<Awaited<R>, O>(names, async (): Promise<Awaited<R>> => await fn.apply(this, args), options);
  };
  return Object.defineProperties(locked, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
  });
}

/** @throws {TypeError} {RangeError} not a name */
function checkNames(names: LockNames): void {
  if (Array.isArray(names) && names.length === 0) throw new TypeError('withLock() needs a name; got an empty list.');
  for (const name of Array.isArray(names) ? (names as readonly unknown[]) : [names]) encodeName(name);
}
