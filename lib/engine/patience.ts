import type { Cancel, Clock } from '../contracts/clock.js';
import type { Caller } from './caller.js';

/**
 * Ends the waits of all callers of a registry in time, with one timer for all: callers come and go by the hundred thousand where a lock is
 * handed over inside a process, and few of them ever wait to the end.
 */
export class Patience {
  readonly #clock: Clock;
  readonly #callers = new Set<Caller>();
  #armedForMs = Infinity;
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(caller: Caller): void {
    this.#callers.add(caller);
    this.#armFor(caller.endsAtMs);
  }

  remove(caller: Caller): void {
    this.#callers.delete(caller);
    if (this.#callers.size === 0) this.#disarm();
  }

  #armFor(endsAtMs: number): void {
    if (endsAtMs >= this.#armedForMs && this.#cancel) return;
    this.#disarm();
    this.#armedForMs = endsAtMs;
    // Somebody waits, so the process stays alive for it.
    this.#cancel = this.#clock.after(Math.max(0, endsAtMs - this.#clock.now().monotonicMs), () => this.#endThoseDue(), true);
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedForMs = Infinity;
  }

  /** The one for whom it was armed may have left long ago. */
  #endThoseDue(): void {
    this.#disarm();
    const nowMs = this.#clock.now().monotonicMs;
    let nextMs = Infinity;
    for (const caller of [...this.#callers]) {
      if (caller.endsAtMs <= nowMs) caller.timeOut();
      else nextMs = Math.min(nextMs, caller.endsAtMs);
    }
    if (this.#callers.size > 0) this.#armFor(nextMs);
  }
}
