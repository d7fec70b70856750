import type { Clock } from '../contracts/clock.js';
import { LONGEST_LINE_MS } from '../contracts/line.js';
import type { Callers } from './callers.js';

/** How long a line in the row lives that callers of this process stand in: a limited time after the last join, so who waits longer joins again. */
export class LineLife {
  readonly #clock: Clock;
  readonly #callers: Callers;
  /** On the monotonic clock. */
  #endsMs = 0;
  #halfMs = 0;

  constructor(clock: Clock, callers: Callers) {
    this.#clock = clock;
    this.#callers = callers;
  }

  /** For a join now: as long as anybody waits here, and no longer than a line may live without a sign of life. */
  get ms(): number {
    return Math.min(LONGEST_LINE_MS, this.#callers.longestRemainingMs(this.#clock.now()));
  }

  /** A join was answered. */
  begin(): void {
    const { monotonicMs: nowMs } = this.#clock.now();
    const { ms } = this;
    this.#endsMs = nowMs + ms;
    this.#halfMs = nowMs + ms / 2;
  }

  /** True where it is half over, and somebody here waits for longer than the rest. */
  get runsOut(): boolean {
    const now = this.#clock.now();
    return now.monotonicMs >= this.#halfMs && now.monotonicMs + this.#callers.longestRemainingMs(now) > this.#endsMs + 1;
  }
}
