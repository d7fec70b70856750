import type { RetryContext, RetryPolicy } from '../../lib/contracts/retry-policy.js';
import { type Failure, StatementError } from '../../lib/contracts/session.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';

/** A retry policy at work: attempts that end as they are told, on a clock that moves as fast as it sleeps. */
export class RetryTrial {
  readonly clock = new ManualClock();
  /** When each attempt began. */
  readonly startedMs: number[] = [];
  readonly #context: RetryContext;

  constructor({ remainingMs = Infinity, chance = 1 }: { readonly remainingMs?: number; readonly chance?: number } = {}) {
    this.#context = {
      step: 'ask',
      remainingMs: () => remainingMs - this.clock.now().monotonicMs,
      failureOf: (error) => (error instanceof StatementError ? error.failure : { outcome: 'not-done', transient: false }),
      clock: this.clock,
      random: () => chance,
    };
  }

  /** Runs the policy on attempts that end so, one after the other, and the last one again and again. */
  async run<T>(policy: RetryPolicy, ...ends: (Error | T)[]): Promise<T> {
    const attempt = async (): Promise<T> => {
      const end = ends[Math.min(this.startedMs.push(this.clock.now().monotonicMs), ends.length) - 1];
      if (end instanceof Error) throw end;
      return end as T;
    };
    return this.clock.until(policy(attempt, this.#context));
  }
}

export const failureWith = (failure: Failure): StatementError => new StatementError(failure, new Error('the driver’s'));
