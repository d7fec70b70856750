import type { Clock } from '../contracts/clock.js';
import type { Release } from '../contracts/dialect.js';
import type { Observer } from '../contracts/observer.js';
import { statementTimeout } from '../core/deadline.js';
import type { NamedLock } from './engine-parts.js';
import type { Terms } from './options.js';
import type { Store } from './store.js';

const PAUSE_MS = 1_000;

/** What is known of an owner id that is given back. */
interface GivenBack {
  /** The token it used last; 0 where it used none. */
  readonly usedToken?: number;
  /** Until then an ask of it may still be carried out, on the monotonic clock. */
  readonly unsureUntilMs?: number | undefined;
}

/**
 * Gives back in the background what nobody wants any more: asks that were given up without an answer, places in line, leases found lost.
 * Goes on until the database answers, because what was granted must be kept or given back on every path. Where an ask may still be carried
 * out it goes on until that is over: a give-back that came before its ask has given nothing back.
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
    lock: NamedLock,
    owner: string,
    terms: Pick<Terms, 'ttlMs' | 'claimMs'>,
    { usedToken = 0, unsureUntilMs = 0 }: GivenBack = {},
  ): void {
    const leave = { key: lock.key, owner, usedToken, claimMs: Math.ceil(terms.claimMs) };
    const work = this.#untilDone(lock.name, leave, statementTimeout(terms.ttlMs), unsureUntilMs).finally(() => this.#pending.delete(work));
    this.#pending.add(work);
  }

  /** No more new attempts after those under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#pending);
  }

  async #untilDone(lockName: string, leave: Omit<Release, 'restMs'>, timeoutMs: number, unsureUntilMs: number): Promise<void> {
    for (;;) {
      const sentMs = this.#clock.now().monotonicMs;
      let pauseMs = Math.max(0, unsureUntilMs - sentMs);
      try {
        await this.#store.run({ name: 'leave', lockName, timeoutMs, step: (statements) => statements.leave(leave) });
        if (sentMs >= unsureUntilMs) return;
      } catch (error) {
        this.#observer.emit('failed', { lockName, step: 'leave', error });
        pauseMs = PAUSE_MS;
      }
      if (await this.#closedWithin(pauseMs)) return;
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
