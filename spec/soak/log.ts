import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Hold } from '../../lib/testing/history.js';

/** A line of a worker's log. Times are CLOCK_MONOTONIC in milliseconds: one clock for all processes of the host. */
type Line =
  | { readonly at: number; readonly begin: number; readonly lock: string; readonly token: number; readonly until: number }
  | { readonly at: number; readonly end: number };

export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** Writes before it goes on, so that a kill loses nothing that was believed. */
export class WorkerLog {
  #count = 0;

  constructor(private readonly file: string) {}

  begin(lock: string, token: number, remainingMs: number): number {
    const at = nowMs();
    const begin = ++this.#count;
    this.#write({ at, begin, lock, token, until: at + remainingMs });
    return begin;
  }

  end(begin: number): void {
    this.#write({ at: nowMs(), end: begin });
  }

  #write(line: Line): void {
    appendFileSync(this.file, `${JSON.stringify(line)}\n`);
  }
}

/** The holds in a worker's log. Who was killed believed until then at the most, and everybody until its deadline. */
export function holdsIn(file: string, holder: string, killedAt: number): Hold[] {
  // Killed before it wrote a line.
  if (!existsSync(file)) return [];
  const holds = new Map<number, Hold>();
  for (const text of readFileSync(file, 'utf8').split('\n')) {
    if (!text.endsWith('}')) continue;
    const line = JSON.parse(text) as Line;
    if ('begin' in line) {
      holds.set(line.begin, { lock: line.lock, holder, token: line.token, from: line.at, to: Math.min(line.until, killedAt) });
    } else {
      const hold = holds.get(line.end);
      if (hold) holds.set(line.end, { ...hold, to: Math.min(hold.to, line.at) });
    }
  }
  return [...holds.values()];
}
