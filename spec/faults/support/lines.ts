import type { Journal } from '../history/journal.js';
import { jumpWallClock } from './wall-clock.js';

/** Places in a worker's code where something can be made to happen: random signals rarely hit the bad spot. */
export type Line = 'holding' | 'writing' | 'releasing';

/** `stop`: SIGSTOP, until somebody continues it. `die`: SIGKILL. `block`: the event loop stands still. `jump`: the wall clock does. */
export type Deed = { readonly do: 'stop' | 'die' } | { readonly do: 'block' | 'jump'; readonly ms: number };

/** A worker does it to itself, once, when it comes by such a line. */
export class Lines {
  readonly #armed = new Map<Line, Deed>();

  constructor(private readonly journal: Journal) {}

  arm(line: Line, deed: Deed): void {
    this.#armed.set(line, deed);
  }

  pass(line: Line): void {
    const deed = this.#armed.get(line);
    if (!deed) return;
    this.#armed.delete(line);
    this.#perform(line, deed);
  }

  #perform(line: Line, deed: Deed): void {
    const { journal } = this;
    journal.write({ kind: 'fault', what: `${deed.do} while ${line}`, victim: journal.who });
    switch (deed.do) {
      case 'stop':
        return void process.kill(process.pid, 'SIGSTOP');
      case 'die':
        journal.write({ kind: 'died' });
        return void process.kill(process.pid, 'SIGKILL');
      case 'jump':
        return jumpWallClock(deed.ms);
      case 'block':
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, deed.ms);
    }
  }
}
