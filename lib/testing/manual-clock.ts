import * as eventLoop from 'node:timers/promises';
import type { Cancel, Clock } from '../contracts/clock.js';
import type { Instant } from '../core/deadline.js';
import { type Duration, parseDuration } from '../core/duration.js';

/** What a timer starts may go on for some turns of the event loop: hand-overs wait for one, and answers of fakes arrive in another. */
const TURNS_TO_SETTLE = 5;

interface Timer {
  readonly atMs: number;
  readonly fn: () => void;
}

/**
 * A clock that moves when told, so that what takes half a minute is tested in a moment.
 *
 * @example
 * const clock = new ManualClock();
 * const waited = clock.sleep(30_000);
 * await clock.advance('30s');
 * await waited;
 */
export class ManualClock implements Clock {
  /** Every sleep that was asked for, in milliseconds and in order. */
  readonly slept: number[] = [];
  readonly #timers = new Set<Timer>();
  #monotonicMs = 0;
  #wallMs: number;

  constructor(wallMs = Date.UTC(2020, 0, 1)) {
    this.#wallMs = wallMs;
  }

  /** How many timers wait for their time, sleeps included. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): Instant {
    return { monotonicMs: this.#monotonicMs, wallMs: this.#wallMs };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(ms);
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      const abort = () => {
        cancel();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  after(ms: number, fn: () => void): Cancel {
    const timer: Timer = { atMs: this.#monotonicMs + ms, fn };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** A turn of the real event loop: there is nothing to wait for on this clock. */
  turn(): Promise<void> {
    return eventLoop.setImmediate();
  }

  /** Moves both clocks on, timer by timer; what one starts has settled before the next one fires. */
  async advance(duration: Duration): Promise<void> {
    const endMs = this.#monotonicMs + parseDuration('advance', duration);
    await settle();
    for (let next = this.#next(endMs); next; next = this.#next(endMs)) await this.#fire(next);
    this.#pass(endMs - this.#monotonicMs);
    await settle();
  }

  /**
   * Moves on from timer to timer until `promise` settles, and answers as it does.
   *
   * @throws {Error} no timer is left and it is still pending
   */
  async until<T>(promise: Promise<T>): Promise<T> {
    const settled = new Set<Promise<T>>();
    const note = () => void settled.add(promise);
    promise.then(note, note);
    for (await settle(); !settled.has(promise);) {
      const next = this.#next(Number.MAX_VALUE);
      if (!next) throw new Error('The promise is pending, and nothing is left to wait for on this clock.');
      await this.#fire(next);
    }
    return promise;
  }

  /** Time passes and no timer fires, as when the process is stopped or busy: what came due meanwhile fires with the next step. */
  block(duration: Duration): void {
    this.#pass(parseDuration('block', duration));
  }

  /** The wall clock alone is set: forward, or back with a negative number. A suspended machine looks like a jump forward. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.delete(timer);
    this.#pass(Math.max(0, timer.atMs - this.#monotonicMs));
    timer.fn();
    await settle();
  }

  #pass(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }

  /** The timer that is due first, and was set first where several are. */
  #next(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (timer.atMs <= untilMs && (!first || timer.atMs < first.atMs)) first = timer;
    return first;
  }
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < TURNS_TO_SETTLE; turns++) await eventLoop.setImmediate();
}
