import { defaultRegistry } from './default-registry.js';
import type { LockNames } from './engine/lock-engine.js';
import { EXECUTION_SKIPPED } from './engine/run-locked.js';
import { isLockRegistry } from './is-lock-registry.js';
import type { LockRegistry } from './lock-registry.js';
import { foundRegistry } from './registry-finders.js';
import { type NO_LOCK, splitOptions, wrapped, type WithLockOptions } from './with-lock.js';

/** A lock's name as a method's decorator is given it: fixed, or told by the first arguments of the call. */
export type MethodKey<This, A extends readonly unknown[]> = LockNames | ((this: This, ...args: A) => LockNames | typeof NO_LOCK);

type AsyncMethod = (...args: never) => Promise<unknown>;

/** What the compiler is told of a TC39 decorator's place: the part that tells a method from the rest, and whose it is. */
interface MethodContext<This> {
  readonly kind: 'method';
  readonly name: string | symbol;
  readonly access: { has(object: This): boolean };
}

/** Nothing has this property: what the compiler shows where a method does not fit. */
type Refused<Why extends string> = Readonly<Record<Why, never>>;

/** Of another type, fewer, or possibly left out. */
type Begins<M extends AsyncMethod, A extends readonly unknown[]> =
  Parameters<M> extends [...A, ...unknown[]]
    ? unknown
    : Refused<'@Locked: the method does not begin with the parameters of the function that tells the name'>;

/** A skipped call resolves to `undefined`. */
type MaySkip<M extends AsyncMethod, O> = O extends { readonly onBusy: 'skip' }
  ? Promise<undefined> extends ReturnType<M>
    ? unknown
    : Refused<"@Locked: with onBusy: 'skip' the method's promise must admit undefined">
  : unknown;

/** `Locked()` under both kinds of decorators; the compiler takes the call that fits. */
export interface LockedDecorator<KeyThis, A extends readonly unknown[], O> {
  /** TC39 decorators. */
  <This extends KeyThis, M extends AsyncMethod>(method: M, context: MethodContext<This> & Begins<M, A> & MaySkip<M, O>): M;
  /** `experimentalDecorators`. */
  <M extends AsyncMethod>(
    target: NoInfer<KeyThis>,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & Begins<M, A> & MaySkip<M, O>,
  ): void;
}

/**
 * Runs a method, instance or static, under a lock: `withLock` applied to it, under TC39 decorators and under `experimentalDecorators`.
 *
 * The registry is looked up at each call: `options.registry`, then the object's own `locks`, then that of the framework's container which
 * made the object (where `LockModule` is in use), then the configured default.
 * Name, length and Reflect metadata of the method are kept, and so are its errors.
 *
 * @param name what to lock; a function gets the call's arguments and `this`
 * @param options with `onBusy: 'skip'` a skipped call resolves to `undefined`
 * @throws {TypeError} {RangeError} when the class is defined: not on a method, no name, or a wrong option
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
  const { registry, call } = splitOptions(options);
  const run = wrapped(name, method, (self) => registry ?? registryIn(self) ?? foundRegistry(self) ?? defaultRegistry(), call);
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
