import type { Clock } from '../contracts/clock.js';
import type { Release } from '../contracts/dialect.js';
import type { Observer } from '../contracts/observer.js';
import { statementTimeout } from '../core/deadline.js';
import type { Store } from './store.js';

const PAUSE_MS = 1_000;

/**
 * Gives back in the background what nobody wants any more: asks that were given up without an answer, places in line, leases found lost.
 * Goes on until the database answers, because what was granted must be kept or given back on every path.
 */
export class Janitor {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #observer: Observer;
  readonly #pending = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(store: Store, clock: Clock, observer: Observer) {
    this.#store = store;
    this.#clock = clock;
    this.#observer = observer;
  }

  giveBack(
    lock: { readonly name: string; readonly key: string },
    owner: string,
    terms: { readonly ttlMs: number; readonly claimMs: number },
    usedToken = 0,
  ): void {
    const release: Release = { key: lock.key, owner, usedToken, restMs: 0, claimMs: terms.claimMs };
    const work = this.#untilAnswered(lock.name, release, statementTimeout(terms.ttlMs)).finally(() => this.#pending.delete(work));
    this.#pending.add(work);
  }

  /** No more new attempts after those under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#pending);
  }

  async #untilAnswered(lockName: string, release: Release, timeoutMs: number): Promise<void> {
    for (;;) {
      try {
        await this.#store.run({ name: 'release', lockName, timeoutMs, step: (statements) => statements.release(release) });
        return;
      } catch (error) {
        this.#observer.emit('failed', { lockName, step: 'release', error });
      }
      if (await this.#closedWithin(PAUSE_MS)) return;
    }
  }

  /** An idle process need not stay alive for it: the lease ends by itself. */
  #closedWithin(ms: number): Promise<boolean> {
    const { signal } = this.#closing;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve(true);
      const closed = () => (cancel(), resolve(true));
      const cancel = this.#clock.after(ms, () => {
        signal.removeEventListener('abort', closed);
        resolve(false);
      });
      signal.addEventListener('abort', closed, { once: true });
    });
  }
}
