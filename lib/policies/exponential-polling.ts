import type { PollingPolicy } from '../contracts/polling-policy.js';
import { type Duration, parseDuration } from '../core/duration.js';
import { rejectUnknown } from '../core/option-checks.js';

export interface ExponentialPollingOptions {
  /** The first interval's length; default 25 ms. */
  readonly first?: Duration;
  /** No interval is longer; default 1 s. */
  readonly ceiling?: Duration;
}

/**
 * Looks again within intervals that double up to a ceiling, at a random moment of each. They start anew when the lock has changed hands, and are
 * doubled for each who stands in line in front: so the head of a line that moves looks often, and a long line costs little more than its head.
 *
 * The cap comes first and the spread second, over the whole interval ("full jitter",
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/): otherwise all clients that reached the cap wake together.
 *
 * @throws {TypeError} an unknown option
 * @throws {RangeError} an interval below 1 ms, or a ceiling below the first
 */
export function exponentialPolling(options: ExponentialPollingOptions = {}): PollingPolicy {
  rejectUnknown(options, ['first', 'ceiling']);
  const { first = 25, ceiling = 1_000 } = options;
  const firstMs = parseDuration('first', first, { min: 1 });
  const ceilingMs = parseDuration('ceiling', ceiling, { min: firstMs });
  return ({ attemptSinceMove, ahead, random }) => random() * Math.min(ceilingMs, firstMs * 2 ** (attemptSinceMove - 1 + ahead));
}
