import type { RetryPolicy } from '../contracts/retry-policy.js';

/** Asks once; the first failure is the caller's. */
export function noRetry(): RetryPolicy {
  return (attempt) => attempt(1);
}
