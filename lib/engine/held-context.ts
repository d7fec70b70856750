import { AsyncLocalStorage } from 'node:async_hooks';
import type { Lease } from './lease.js';

/** A lease under which an async context runs, inside the one around it. */
export interface Held {
  readonly lease: Lease;
  /** The registry that gave it: names of different registries are different locks. */
  readonly registry: object;
  readonly outer: Held | undefined;
  /** Until its release begins. */
  open: boolean;
}

// Two copies of the package in one process must agree on what a context holds.
const storageKey: unique symbol = Symbol.for('sequelize-distributed-lock.held');
const shared = globalThis as { [storageKey]?: AsyncLocalStorage<Held | undefined> | undefined };

function storage(): AsyncLocalStorage<Held | undefined> {
  shared[storageKey] ??= new AsyncLocalStorage();
  return shared[storageKey];
}

/** The innermost lease of the running async context; `undefined` outside of `run`, `withLock` and `@Locked`. */
export function currentLease(): Lease | undefined {
  return storage().getStore()?.lease;
}

/** What this context holds unreleased of `name`. */
export function heldHere(registry: object, name: string): Lease | undefined {
  for (let held = storage().getStore(); held; held = held.outer) {
    if (held.open && held.registry === registry && leaseOf(held.lease, name)) return leaseOf(held.lease, name);
  }
  return undefined;
}

let isReady = false;

/** The first context of a process takes Node half a millisecond: better before the lock is asked for than while it is held. */
export function readyToHold(): void {
  if (isReady) return;
  isReady = true;
  storage().run(undefined, () => undefined);
}

/** Runs `body` in a context that holds `lease`; what it started and did not wait for does not hold it any longer. */
export async function holding<T>(registry: object, lease: Lease, body: () => T | PromiseLike<T>): Promise<T> {
  const held: Held = { lease, registry, outer: storage().getStore(), open: true };
  try {
    // `await` inside, so that a synchronous throw counts too.
    return await storage().run(held, async () => body());
  } finally {
    held.open = false;
  }
}

const leaseOf = (lease: Lease, name: string): Lease | undefined => lease.leases.find((one) => one.name === name);
