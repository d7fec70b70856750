import type { Clock } from '../contracts/clock.js';
import type { Store } from './store.js';

/** Who has held a lock for so long is likely to have made others wait. */
const A_WHILE_MS = 1_000;
const TIMEOUT_MS = 5_000;
const rehearsals = ['rehearseConfirm', 'rehearseRelease'] as const;

/**
 * Rehearses a hand-over, where the dialect can: the first one of a process would otherwise be its slowest, just when somebody waits.
 * Once, and only in a process that waits, or that has held a lock for a while.
 */
export class Rehearsal {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #holdsAnything: () => boolean;
  #state: 'due' | 'announced' | 'done' = 'due';

  constructor(store: Store, clock: Clock, holdsAnything: () => boolean) {
    this.#store = store;
    this.#clock = clock;
    this.#holdsAnything = holdsAnything;
    if (rehearsals.every((name) => store.statements[name] === undefined)) this.#state = 'done';
  }

  /** A lock was granted to this process. */
  granted(): void {
    if (this.#state !== 'due') return;
    this.#state = 'announced';
    this.#clock.after(A_WHILE_MS, () => {
      if (this.#holdsAnything()) return this.waiting();
      if (this.#state === 'announced') this.#state = 'due';
    });
  }

  /** Somebody in this process stands in line. */
  waiting(): void {
    if (this.#state === 'done') return;
    this.#state = 'done';
    // A failure costs the first hand-over its good start, and nothing else.
    void this.#rehearse().catch(() => undefined);
  }

  async #rehearse(): Promise<void> {
    for (const name of rehearsals) {
      const step = this.#store.statements[name]?.();
      if (step) await this.#store.once({ name, timeoutMs: TIMEOUT_MS, step: () => step });
    }
  }
}
