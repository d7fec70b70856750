import type { Instant } from '../core/deadline.js';

/** Time, as everything in this library sees it. Timers may be longer than the platform's own limit of 2^31 - 1 ms. */
export interface Clock {
  /** This moment. */
  now(): Instant;
  /** Resolves after `ms`; keeps the process alive, because somebody waits for it. Rejects with the reason of `signal` when that aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fn` after `ms` unless cancelled. `fn` must not throw. `keepAlive`: the process may not exit before; by default an idle one may. */
  after(ms: number, fn: () => void, keepAlive?: boolean): Cancel;
  /** Resolves after the event loop had its turn: timers that are due and answers that arrived come first. */
  turn(): Promise<void>;
}

export type Cancel = () => void;
