import { AsyncResource } from 'node:async_hooks';
import type { Cancel, Clock } from '../contracts/clock.js';
import type { Instant } from '../core/deadline.js';
import type { Place } from '../core/line.js';
import type { HeldLease } from './held-lease.js';
import type { Terms } from './options.js';

/** What a caller learns in the end: its lease, or why it gets none. */
export interface CallerEnd {
  readonly granted: (lease: HeldLease) => void;
  readonly refused: (error: unknown) => void;
}

/** Somebody in the local queue. Leaves it once, by whichever comes first: a grant, the end of its wait, its signal, a failure. */
export class Caller {
  readonly enteredAt: Instant;
  /** How often the lock had been found busy when it came. */
  readonly enteredBusy: number;
  readonly terms: Terms;
  /** Tells the callers of a registry apart. */
  readonly number: number;
  /** In the queue, while it waits. */
  place: Place<Caller> | undefined;
  readonly #end: CallerEnd;
  readonly #cancel: Cancel;
  readonly #onAbort: (() => void) | undefined;
  /** Where it called from; `undefined` where nobody wants to know. */
  readonly #context: AsyncResource | undefined;

  constructor(
    clock: Clock,
    terms: Terms,
    { busy, number, watched }: { readonly busy: number; readonly number: number; readonly watched: boolean },
    end: CallerEnd,
    leave: (caller: Caller, error: unknown) => void,
    timedOut: (caller: Caller) => void,
  ) {
    this.enteredAt = clock.now();
    this.enteredBusy = busy;
    this.number = number;
    if (watched) this.#context = new AsyncResource('LockCaller');
    this.terms = terms;
    this.#end = end;
    // Somebody waits, so the process stays alive for it.
    this.#cancel = clock.after(terms.waitMs, () => timedOut(this), true);
    if (!terms.signal) return;
    this.#onAbort = () => leave(this, terms.signal?.reason);
    terms.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  waitedMs(now: Instant): number {
    return now.monotonicMs - this.enteredAt.monotonicMs;
  }

  remainingMs(now: Instant): number {
    return Math.max(0, this.terms.waitMs - this.waitedMs(now));
  }

  /** Runs `tell` in the async context of the call: whoever hands the lock over does so in a context of its own. */
  inContext(tell: () => void): void {
    if (this.#context) this.#context.runInAsyncScope(tell);
    else tell();
  }

  grant(lease: HeldLease): void {
    this.#settle();
    this.#end.granted(lease);
  }

  refuse(error: unknown): void {
    this.#settle();
    this.#end.refused(error);
  }

  #settle(): void {
    this.#cancel();
    if (this.#onAbort) this.terms.signal?.removeEventListener('abort', this.#onAbort);
  }
}
