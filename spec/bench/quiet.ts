import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';

/** What else went on: a figure from a machine that is not quiet says little, the good ones included. */
export interface Noise {
  /** Of the time that the processors would have worked, the share that a host gave to its other guests. NaN where nobody tells. */
  readonly stolen: number;
  /** The longest pause of a loop that does nothing but look at the clock, for a second. */
  readonly pauseMs: number;
  readonly load: string;
}

/** Measures from one call to the next. */
export class Noises {
  #before = ticks();

  next(): Noise {
    const [before, now] = [this.#before, ticks()];
    this.#before = now;
    const stolen = now.stolen - before.stolen;
    return {
      stolen: stolen / Math.max(1, now.worked - before.worked + stolen),
      pauseMs: longestPauseMs(1_000),
      load: loadavg()
        .map((load) => load.toFixed(2))
        .join(' '),
    };
  }
}

/** Whether figures from there may be compared with others. */
export const isQuiet = ({ stolen, pauseMs }: Noise): boolean => !(stolen > 0.02) && pauseMs < 5;

export function describeNoise({ stolen, pauseMs, load }: Noise): string {
  const share = Number.isNaN(stolen) ? 'unknown' : `${(stolen * 100).toFixed(1)} %`;
  return `load ${load}; taken by the host's other guests: ${share}; a loop's longest pause: ${pauseMs.toFixed(1)} ms`;
}

interface Ticks {
  readonly worked: number;
  readonly stolen: number;
}

/** Since the machine started (https://man7.org/linux/man-pages/man5/proc_stat.5.html). */
function ticks(): Ticks {
  if (process.platform !== 'linux') return { worked: NaN, stolen: NaN };
  const [all = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = all.split(/\s+/).slice(1).map(Number);
  return { worked: user + nice + system + irq + softirq, stolen };
}

function longestPauseMs(forMs: number): number {
  let longest = 0;
  const endMs = performance.now() + forMs;
  for (let last = performance.now(), now = last; now < endMs; last = now) {
    now = performance.now();
    longest = Math.max(longest, now - last);
  }
  return longest;
}
