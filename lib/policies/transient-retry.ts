import pRetry, { type Options } from 'p-retry';
import type { RetryContext, RetryPolicy } from '../contracts/retry-policy.js';
import { type Duration, parseDuration } from '../core/duration.js';
import { count, rejectUnknown } from '../core/option-checks.js';

export interface TransientRetryOptions {
  /** Attempts after the first one; default 8. `Infinity`: as long as an answer is of use. */
  readonly retries?: number;
  /** The first pause's length; default 20 ms. */
  readonly first?: Duration;
  /** No pause is longer; default 1 s. */
  readonly ceiling?: Duration;
}

/**
 * Tries again what may succeed soon: a lost connection, a deadlock, a serialization failure, a locked SQLite file.
 * Pauses double up to a ceiling with full jitter, and no attempt starts when its answer would come too late. `p-retry` runs the attempts.
 *
 * @throws {TypeError} an unknown option
 * @throws {RangeError} `retries` is negative, or a pause is below 1 ms
 */
export function transientRetry(options: TransientRetryOptions = {}): RetryPolicy {
  rejectUnknown(options, ['retries', 'first', 'ceiling']);
  const { first = 20, ceiling = 1_000 } = options;
  const retries = count('retries', options.retries ?? 8, 0);
  const firstMs = parseDuration('first', first, { min: 1 });
  const ceilingMs = parseDuration('ceiling', ceiling, { min: firstMs });
  const pauseMs = (attempt: number, { random }: RetryContext) => random() * Math.min(ceilingMs, firstMs * 2 ** (attempt - 1));
  const retrying = (context: RetryContext): Options => ({
    retries,
    // The pauses are slept on the engine's clock, so p-retry itself adds none.
    minTimeout: 0,
    shouldRetry: ({ error }) => context.failureOf(error).transient && context.remainingMs() > 0,
    onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
      const { transient, conflict = false } = context.failureOf(error);
      const delay = pauseMs(attemptNumber, context);
      const remainingMs = context.remainingMs();
      if (retriesLeft === 0 || !transient || remainingMs <= 0) throw error;
      // A conflict tells no more than busy does, so it does not end a wait before its time.
      if (delay >= remainingMs && !conflict) throw error;
      await context.clock.sleep(Math.min(delay, remainingMs));
    },
  });

  // p-retry is called in when there is something to try again: what succeeds at once does not pay for it.
  return async (attempt, context) => {
    try {
      return await attempt(1);
    } catch (first) {
      return pRetry((number) => (number === 1 ? Promise.reject(first as Error) : attempt(number)), retrying(context));
    }
  };
}
