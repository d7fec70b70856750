import { isLockError, LeaseLostError } from '../core/errors.js';
import { holding } from './held-context.js';
import type { Lease } from './lease.js';

/**
 * Runs `body` under `lease` and releases it, whatever happens.
 *
 * @throws what `body` threw, unchanged: it wins over anything that happened to the lease
 * @throws {LeaseLostError} `body` resolved, the lease was lost meanwhile, and `onLost` is `'reject'`
 */
export async function runUnder<T>(
  registry: object,
  lease: Lease,
  onLost: 'reject' | 'ignore',
  body: (lease: Lease) => T | PromiseLike<T>,
): Promise<T> {
  let result: T;
  try {
    result = await holding(registry, lease, () => body(lease));
  } catch (error) {
    await lease.release();
    throw error;
  }
  const kept = await lease.release();
  if (!kept && onLost === 'reject') throw lossOf(lease).withResult(result);
  return result;
}

function lossOf(lease: Lease): LeaseLostError {
  const reason: unknown = lease.signal.reason;
  return isLockError(reason) && reason instanceof LeaseLostError ? reason : new LeaseLostError(lease.name, 'taken', NaN);
}
