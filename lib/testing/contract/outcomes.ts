import { strict as assert } from 'node:assert';
import type { Clock } from '../../contracts/clock.js';
import type { Lease } from '../../engine/lease.js';
import type { RegistryOptions } from '../../engine/options.js';
import type { Locks, World } from './contract-case.js';

/** Longer than anything here takes on a busy machine that works. */
const PATIENCE_MS = 15_000;

/** The lease, where there must be one. */
export function granted(lease: Lease | undefined): Lease {
  assert(lease, 'the lock should have been granted');
  return lease;
}

/** A registry that knows its table and has a connection: for what is measured. */
export async function readied({ locks, freshName }: Pick<World, 'locks' | 'freshName'>, options?: RegistryOptions): Promise<Locks> {
  const registry = locks(options);
  await granted(await registry.tryAcquire(freshName(), { ttl: '30s' })).release();
  return registry;
}

/** What `promise` rejects with, where it must. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const [outcome] = await Promise.allSettled([promise]);
  assert.equal(outcome.status, 'rejected', 'the promise should have been rejected');
  return outcome.reason;
}

/** The error of this class that `promise` rejects with, where it must. */
export async function failure<E>(promise: Promise<unknown>, kind: new (...args: never[]) => E): Promise<E> {
  const error = await rejection(promise);
  assert(error instanceof kind, `expected ${kind.name}, got ${String(error)}`);
  return error;
}

/** Whether `promise` has not settled `ms` from now. */
export async function isPending(clock: Clock, promise: Promise<unknown>, ms: number): Promise<boolean> {
  const late = Symbol('late');
  const settled = promise.then(
    () => undefined,
    () => undefined,
  );
  return (await Promise.race([settled, clock.sleep(ms).then(() => late)])) === late;
}

/** What `look` answers, as soon as it answers anything. */
export async function eventually<T>(clock: Clock, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const startedMs = clock.now().monotonicMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    assert(clock.now().monotonicMs - startedMs < PATIENCE_MS, `not within ${PATIENCE_MS} ms: ${String(look)}`);
    await clock.sleep(10);
  }
}

/** Resolves when `signal` has aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Milliseconds that `work` takes. */
export async function duration(clock: Clock, work: () => Promise<unknown>): Promise<number> {
  const startedMs = clock.now().monotonicMs;
  await work();
  return clock.now().monotonicMs - startedMs;
}

/** One of a list, in turn. */
export function inTurn<T>(list: readonly T[], at: number): T {
  const one = list[at % list.length];
  assert(one !== undefined, 'the list is empty');
  return one;
}

/** The numbers below `count`. */
export const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

/** Runs `work` so often, `width` at a time. */
export async function inParallel(count: number, width: number, work: (at: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(numbers(width).map(worker));
}
