import type { Clock } from '../contracts/clock.js';

/** So long may this library keep the event loop to itself. */
const LONGEST_TURN_MS = 2;

/** Knows how long the event loop has not had a turn: hand-overs follow each other in microtasks, and no timer fires between them. */
export class LoopTurns {
  readonly #clock: Clock;
  #turnBeganMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False when whatever comes next should wait for a turn of the event loop. */
  mayGoOn(): boolean {
    const nowMs = this.#clock.now().monotonicMs;
    if (this.#turnBeganMs === undefined) {
      this.#turnBeganMs = nowMs;
      void this.#clock.turn().then(() => (this.#turnBeganMs = undefined));
    }
    return nowMs - this.#turnBeganMs < LONGEST_TURN_MS;
  }
}
