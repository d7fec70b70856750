import type { PollingPolicy } from '../contracts/polling-policy.js';
import { type Duration, parseDuration } from '../core/duration.js';

/**
 * Looks again every `every`, whatever happens.
 *
 * @param every milliseconds or text; default 1 s
 * @throws {RangeError} below 1 ms
 */
export function fixedPolling(every: Duration = 1_000): PollingPolicy {
  const everyMs = parseDuration('every', every, { min: 1 });
  return () => everyMs;
}
