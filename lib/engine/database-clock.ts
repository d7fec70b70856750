import type { Instant } from '../core/deadline.js';

/** What is known here of the database's clock, learnt from its answers. Used to bound statements, never to decide expiry. */
export class DatabaseClock {
  /** Database milliseconds less monotonic milliseconds, at the most: an answer's time was read after it was sent for. */
  #offsetAtMost: number | undefined;
  #learntAtMs = -Infinity;

  learn(databaseMs: number, sentAt: Instant): void {
    this.#offsetAtMost = databaseMs - sentAt.monotonicMs;
    this.#learntAtMs = sentAt.monotonicMs;
  }

  /** How old the knowledge is. */
  ageMs(monotonicMs: number): number {
    return monotonicMs - this.#learntAtMs;
  }

  /** The latest database time that this monotonic time can be; `undefined` before the first answer. */
  latest(monotonicMs: number): number | undefined {
    return this.#offsetAtMost === undefined ? undefined : Math.ceil(monotonicMs + this.#offsetAtMost);
  }
}
