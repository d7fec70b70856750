import { defaultRegistry } from './default-registry.js';
import type { LockNames } from './engine/lock-engine.js';
import { EXECUTION_SKIPPED } from './engine/run-locked.js';
import { isLockRegistry, type LockRegistry } from './lock-registry.js';
import { type NO_LOCK, wrapped, type WithLockOptions } from './with-lock.js';

/** A lock's name as a method's decorator is given it: fixed, or told by the first arguments of the call. */
export type MethodKey<This, A extends readonly unknown[]> = LockNames | ((this: This, ...args: A) => LockNames | typeof NO_LOCK);

/** A skipped call resolves to `undefined`, so the method's promise must admit that. */
type Result<R, O> = O extends { readonly onBusy: 'skip' } ? R | undefined : R;

type AsyncMethod<This, P extends unknown[], R> = (this: This, ...args: P) => Promise<R>;

/** `Locked()` under both kinds of decorators; the compiler takes the call that fits. */
export interface LockedDecorator<KeyThis, A extends readonly unknown[], O> {
  /** TC39 decorators. */
  <This extends KeyThis, P extends [...A, ...unknown[]], R>(
    method: AsyncMethod<This, P, R>,
    context: ClassMethodDecoratorContext<This, AsyncMethod<This, P, R>>,
  ): AsyncMethod<This, P, Result<R, O>>;
  /** `experimentalDecorators`. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- P is what checks the key function's parameters
  <P extends [...A, ...unknown[]], R>(
    target: object,
    key: string | symbol,
    // P and R are what the compiler finds in the method; a wrong key function leaves none that fits.
    descriptor: TypedPropertyDescriptor<(...args: P) => Promise<Result<R, O>>>,
  ): void;
}

/**
 * Runs a method, instance or static, under a lock: `withLock` applied to it, under TC39 decorators and under `experimentalDecorators`.
 *
 * The registry is looked up at each call: `options.registry`, then the object's own `locks`, then the configured default.
 * Name, length and Reflect metadata of the method are kept, and so are its errors.
 *
 * @param name what to lock; a function gets the call's arguments and `this`
 * @param options with `onBusy: 'skip'` a skipped call resolves to `undefined`
 * @throws {TypeError} when the class is defined: not on a method, or no name
 *
 * @example
 * class Orders {
 *   \@Locked((id: string) => `order:${id}`)
 *   async ship(id: string): Promise<void> {}
 * }
 */
export function Locked<A extends readonly unknown[], KeyThis = unknown, const O extends WithLockOptions | undefined = undefined>(
  name: MethodKey<KeyThis, A>,
  options?: O,
): LockedDecorator<KeyThis, A, O> {
  const decorate = (target: unknown, keyOrContext: PropertyKey | DecoratorContext, descriptor?: PropertyDescriptor): unknown => {
    if (typeof keyOrContext === 'object') {
      if (keyOrContext.kind !== 'method') throw notAMethod(String(keyOrContext.name), keyOrContext.kind);
      return lockedMethod(target as AnyMethod, name as MethodKey<unknown, unknown[]>, options);
    }
    if (typeof descriptor?.value !== 'function') throw notAMethod(String(keyOrContext), descriptor ? 'getter' : 'field');
    descriptor.value = lockedMethod(descriptor.value as AnyMethod, name as MethodKey<unknown, unknown[]>, options);
    return undefined;
  };
  // The two call shapes of LockedDecorator are the only two that the language uses.
  return decorate as LockedDecorator<KeyThis, A, O>;
}

type AnyMethod = (this: unknown, ...args: unknown[]) => unknown;

function lockedMethod(method: AnyMethod, name: MethodKey<unknown, unknown[]>, options: WithLockOptions | undefined): AnyMethod {
  const run = wrapped(name, method, (self) => options?.registry ?? registryIn(self) ?? defaultRegistry(), options);
  const locked: AnyMethod = async function (...args) {
    const result = await run.apply(this, args);
    return result === EXECUTION_SKIPPED ? undefined : result;
  };
  return keepIdentity(method, locked);
}

/** The object's own registry, where its property `locks` is one. */
function registryIn(self: unknown): LockRegistry | undefined {
  const locks = (self as { readonly locks?: unknown } | null | undefined)?.locks;
  return isLockRegistry(locks) ? locks : undefined;
}

/** What `reflect-metadata` adds to `Reflect`, where it is loaded. */
interface Metadata {
  getOwnMetadataKeys?(target: object): unknown[];
  getOwnMetadata?(key: unknown, target: object): unknown;
  defineMetadata?(key: unknown, value: unknown, target: object): void;
}

/** Name, length, own properties and Reflect metadata: what other decorators read. */
function keepIdentity(from: AnyMethod, to: AnyMethod): AnyMethod {
  for (const key of Reflect.ownKeys(from)) {
    const property = Reflect.getOwnPropertyDescriptor(from, key);
    if (property && key !== 'prototype') Object.defineProperty(to, key, property);
  }
  const metadata = Reflect as Metadata;
  for (const key of metadata.getOwnMetadataKeys?.(from) ?? []) metadata.defineMetadata?.(key, metadata.getOwnMetadata?.(key, from), to);
  return to;
}

function notAMethod(name: string, kind: string): TypeError {
  return new TypeError(`@Locked() belongs on a method; "${name}" is a ${kind}.`);
}
