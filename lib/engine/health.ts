import { LockError, LockRegistryClosedError, LockStoreError } from '../core/errors.js';
import type { EngineParts } from './engine-parts.js';

/** Whether locks can be used now. `latencyMs`: how long it took to find out. */
export type Health =
  | { readonly ok: true; readonly latencyMs: number }
  /** `error`: what a call for a lock would have met. */
  | { readonly ok: false; readonly latencyMs: number; readonly error: LockError };

const SHORTEST_TTL_MS = 200;

/**
 * Sends the renewal of a lease that nobody has: it needs all that a held lease needs (a connection, the table, a server that takes writes and the
 * right to write) and changes nothing. Answers after `timeoutMs` at the latest.
 */
export async function examineHealth(parts: Pick<EngineParts, 'store' | 'clock' | 'ids'>, timeoutMs: number): Promise<Health> {
  const { clock } = parts;
  const startedMs = clock.now().monotonicMs;
  const passedMs = () => clock.now().monotonicMs - startedMs;
  const tooLate = Symbol('too late');
  const timer: { cancel?: () => void } = {};
  const late = new Promise<typeof tooLate>((resolve) => (timer.cancel = clock.after(timeoutMs, () => resolve(tooLate), true)));
  try {
    const settled = await Promise.race([renewNothing(parts, timeoutMs, () => timeoutMs - passedMs()), late]);
    if (settled === tooLate) throw new Error(`no answer within ${timeoutMs} ms`);
    return { ok: true, latencyMs: passedMs() };
  } catch (error) {
    return failed(passedMs(), error);
  } finally {
    timer.cancel?.();
  }
}

/** What a registry that is closed has to say. */
export const closedHealth = (): Health => failed(0, new LockRegistryClosedError());

async function renewNothing(
  { store, ids }: Pick<EngineParts, 'store' | 'ids'>,
  timeoutMs: number,
  remainingMs: () => number,
): Promise<void> {
  // A fresh owner id names nobody's lock.
  const owner = ids.next();
  await store.run({
    name: 'renew',
    // As a renewal is: a crowd of asks is not ill health.
    urgent: true,
    timeoutMs,
    remainingMs,
    step: (statements) => statements.renew([{ key: owner, owner, ttlMs: SHORTEST_TTL_MS, token: 0 }]),
  });
}

function failed(latencyMs: number, error: unknown): Health {
  return {
    ok: false,
    latencyMs,
    error: error instanceof LockError ? error : new LockStoreError(undefined, 'renew', false, { cause: error }),
  };
}
