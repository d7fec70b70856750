import type { Clock } from './clock.js';
import type { Failure } from './session.js';

/** What a retry policy may go by. */
export interface RetryContext {
  /** Which step is being tried: `ask`, `release` and so on. */
  readonly step: string;
  /** Milliseconds until an answer is of no use any more; `Infinity` where there is no such time. */
  readonly remainingMs: () => number;
  /** What a failed attempt says about the row. */
  readonly failureOf: (error: unknown) => Failure;
  readonly clock: Clock;
  /** A number from 0 to below 1. */
  readonly random: () => number;
}

/**
 * Answers *failed*: a runner of attempts. It calls `attempt` once or more, resolves with the first answer and rejects with the last error.
 *
 * It is never told of the caller's signal: an answer that arrives after an abort may be a lock, and must reach the engine, which gives it back.
 */
export type RetryPolicy = <T>(attempt: (number: number) => Promise<T>, context: RetryContext) => Promise<T>;
