import type { Observer } from '../contracts/observer.js';
import { readyToHold } from './held-context.js';
import type { Lease } from './lease.js';
import type { LockEngine, LockNames } from './lock-engine.js';
import type { Terms } from './options.js';
import { runUnder } from './run-under.js';

/** What a call with `onBusy: 'skip'` resolves to while somebody else holds the lock. */
export const EXECUTION_SKIPPED: unique symbol = Symbol.for('sequelize-distributed-lock.execution-skipped');

/** Takes the locks as the terms say and runs `body` under them. */
export async function runLocked<T>(
  engine: LockEngine,
  observer: Observer,
  names: LockNames,
  terms: Terms,
  body: (lease: Lease) => T | PromiseLike<T>,
): Promise<T | typeof EXECUTION_SKIPPED> {
  const { held, missing } = terms.reentrant ? engine.heldHere(names) : { held: [], missing: names };
  // By what is held, not by what is missing: an empty name must be refused, not taken for a lock that is held already.
  if (held.length > 0 && missing.length === 0) return body(together(engine, held));
  readyToHold();
  const lease = await take(engine, missing, terms);
  if (!lease) {
    observer.emit('skipped', { lockName: typeof names === 'string' ? names : names.join(', ') });
    return EXECUTION_SKIPPED;
  }
  return runUnder(engine, lease, terms.onLost, () => body(held.length === 0 ? lease : together(engine, [...held, lease])));
}

/** `undefined`: busy, and the caller skips. */
async function take(engine: LockEngine, names: LockNames, terms: Terms): Promise<Lease | undefined> {
  switch (terms.onBusy) {
    case 'wait':
      return engine.acquire(names, terms);
    case 'fail':
      return engine.acquireFree(names, terms);
    case 'skip':
      return engine.tryAcquire(names, terms);
  }
}

function together(engine: LockEngine, leases: readonly Lease[]): Lease {
  const [only] = leases;
  return only && leases.length === 1 ? only : engine.together(leases);
}
