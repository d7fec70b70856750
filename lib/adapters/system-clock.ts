import { setImmediate as turn } from 'node:timers/promises';
import type { Cancel, Clock } from '../contracts/clock.js';

/** A timer's limit: Node runs anything longer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own time; the only file that touches `Date`, `performance` and timers. */
export const systemClock: Clock = {
  now: () => ({ monotonicMs: performance.now(), wallMs: Date.now() }),

  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const cancel = wait(ms, true, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      const abort = () => {
        cancel();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
    }),

  after: (ms, fn, keepAlive = false) => wait(ms, keepAlive, fn),

  turn: () => turn(),
};

/** Long waits are slept in parts, each measured from the clock again so that they do not add up to a drift. */
function wait(ms: number, keepAlive: boolean, fn: () => void): Cancel {
  const end = performance.now() + ms;
  const part = (): NodeJS.Timeout => {
    const left = Math.max(0, end - performance.now());
    // A timer may fire a little early, and what waits for a time must not see an earlier one.
    const next = setTimeout(() => (performance.now() < end ? (timer = part()) : fn()), Math.min(left, LONGEST_TIMER_MS));
    return keepAlive ? next : next.unref();
  };
  // What never comes needs no timer, unless the process is to stay alive for it.
  let timer = ms === Infinity && !keepAlive ? undefined : part();
  return () => clearTimeout(timer);
}
