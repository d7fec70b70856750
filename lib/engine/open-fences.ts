import type { Clock } from '../contracts/clock.js';
import type { TransactionEnd } from '../contracts/transactions.js';

/** The fenced transactions of one lease that have not ended: until they have, nobody else may get the lock. */
export class OpenFences {
  readonly #open = new Set<object>();
  #whenEnded: (() => void) | undefined;
  #unsure = false;

  /** True where one of them may still be carried out at any time: then only the row, which it locks, knows when it is over. */
  get unsure(): boolean {
    return this.#unsure;
  }

  /** True while one of them is open, or unsure. */
  get blocking(): boolean {
    return this.#unsure || this.#open.size > 0;
  }

  /** Opens one; the answer ends it. */
  open(): (how: TransactionEnd) => void {
    const fence = {};
    this.#open.add(fence);
    return (how) => {
      if (!this.#open.delete(fence)) return;
      this.#unsure ||= how === 'unknown';
      if (this.#open.size === 0) this.#whenEnded?.();
    };
  }

  /** Resolves when all have ended; what has not after `ms` is not waited for and is unsure. */
  async ended(clock: Clock, ms: number): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(ms, () => {
        this.#unsure = true;
        resolve();
      });
      this.#whenEnded = () => (cancel(), resolve());
    });
  }
}
