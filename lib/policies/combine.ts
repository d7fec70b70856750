import { giveUp, type PollingPolicy } from '../contracts/polling-policy.js';
import { type Duration, parseDuration } from '../core/duration.js';
import { policy as checked } from '../core/option-checks.js';

/**
 * `policy`, until the lock was found busy `attempts` times.
 *
 * @throws {TypeError} `policy` is none
 * @throws {RangeError} `attempts` is not a whole number of at least 1
 */
export function atMost(attempts: number, policy: PollingPolicy): PollingPolicy {
  if (!Number.isInteger(attempts) || attempts < 1) throw new RangeError(`atMost() needs a whole number of at least 1; got ${attempts}.`);
  checked('policy', policy);
  return (seen) => (seen.attempt >= attempts ? giveUp : policy(seen));
}

/**
 * `policy`, for so long: no look starts later.
 *
 * @throws {TypeError} `policy` is none
 * @throws {RangeError} a negative duration
 */
export function within(duration: Duration, policy: PollingPolicy): PollingPolicy {
  const limitMs = parseDuration('within', duration);
  checked('policy', policy);
  return (seen) => {
    const leftMs = limitMs - seen.elapsedMs;
    const delay = leftMs <= 0 ? giveUp : policy(seen);
    return delay === giveUp ? giveUp : Math.min(delay, leftMs);
  };
}
