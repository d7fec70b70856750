import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../contracts/clock.js';
import { Alarms } from './alarms.js';

const alarms = new Alarms(() => performance.now(), setTimeout);

/** The machine's own time; the only file that touches `Date`, `performance` and timers. */
export const systemClock: Clock = {
  now: () => ({ monotonicMs: performance.now(), wallMs: Date.now() }),

  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const cancel = alarms.set(
        ms,
        () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
        true,
      );
      const abort = () => {
        cancel();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
    }),

  after: (ms, ring, keepAlive = false) => alarms.set(ms, ring, keepAlive),

  turn: () => turn(),
};
