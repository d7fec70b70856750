import { setTimeout as sleep } from 'node:timers/promises';

const FAREWELL_MS = 500;
const COUNTED = /^(TCP|Timeout|listeners)/;

/** How much there is of what a process may leave behind: sockets, timers that keep it alive, listeners of its own events. */
export class Census {
  readonly #before = counted();

  /** What there is more of than when this was made, after a moment for farewells that are on their way. */
  async surplus(): Promise<string[]> {
    for (let waitedMs = 0; waitedMs < FAREWELL_MS && this.#more().length > 0; waitedMs += 10) await sleep(10);
    return this.#more();
  }

  #more(): string[] {
    return [...counted()].flatMap(([what, count]) => {
      const before = this.#before.get(what) ?? 0;
      return count > before ? [`${count} ${what} instead of ${before}`] : [];
    });
  }
}

function counted(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  for (const name of process.eventNames()) counts.set(`listeners of ${String(name)}`, process.listenerCount(name));
  return new Map([...counts].filter(([what]) => COUNTED.test(what)));
}
