import type { Instant } from '../core/deadline.js';
import { LockBusyError, type LockStoreError, LockTimeoutError, type Occupant } from '../core/errors.js';
import { leave, Line } from '../core/line.js';
import { Caller } from './caller.js';
import type { EngineParts } from './engine-parts.js';
import type { HeldLease } from './held-lease.js';
import type { Terms } from './options.js';

/** What their queue knows. */
export interface Outlook {
  /** How often the lock was found busy on their behalf. */
  busy(): number;
  /** Why there is no answer just now; `undefined` where the last thing known is that the lock is busy. */
  failure(): LockStoreError | undefined;
  /** Who is in the way. */
  occupant(): Occupant;
  /** The last of them gave up. */
  deserted(): void;
}

/** Those who wait for one name in this process: first come, first served. Each leaves once, with a lease or an error, and the events tell of it. */
export class Callers implements Iterable<Caller> {
  readonly #parts: EngineParts;
  readonly #name: string;
  readonly #outlook: Outlook;
  readonly #line = new Line<Caller>();

  constructor(parts: EngineParts, name: string, outlook: Outlook) {
    this.#parts = parts;
    this.#name = name;
    this.#outlook = outlook;
  }

  get size(): number {
    return this.#line.size;
  }

  /** Who has been here longest. */
  get first(): Caller | undefined {
    return this.#line.first;
  }

  /** Those who are here now, whoever leaves meanwhile. */
  [Symbol.iterator](): Iterator<Caller> {
    return this.#line[Symbol.iterator]();
  }

  /** Until the last of them has waited in vain. */
  longestRemainingMs(now: Instant): number {
    let longest = 0;
    for (const caller of this) longest = Math.max(longest, caller.remainingMs(now));
    return longest;
  }

  /** Waits until granted. @throws what ends the wait */
  enter(terms: Terms): Promise<HeldLease> {
    const { clock, observer, callers, maxWaiting } = this.#parts;
    if (this.size >= maxWaiting) return Promise.reject(this.#turnAway());
    return new Promise((granted, refused) => {
      const watched = observer.watches('acquired') || observer.watches('refused');
      const caller = new Caller(
        clock,
        terms,
        { busy: this.#outlook.busy(), number: ++callers.last, watched },
        { granted, refused },
        (one, error) => this.refuse(one, error),
        (one) => this.timeOut(one),
      );
      caller.place = this.#line.enter(caller);
      if (observer.watches('waiting')) observer.emit('waiting', { lockName: this.#name, caller: caller.number, label: terms.label });
    });
  }

  /** `tell`: in the async context of the call, before it is granted. */
  grant(caller: Caller, lease: HeldLease, tell: () => void): void {
    leave(caller.place);
    caller.inContext(tell);
    caller.grant(lease);
  }

  /** It leaves with `error`; nothing where it has left already. */
  refuse(caller: Caller, error: unknown): void {
    if (!leave(caller.place)) return;
    const { clock, observer } = this.#parts;
    if (observer.watches('refused')) {
      const facts = { lockName: this.#name, caller: caller.number, waitMs: caller.waitedMs(clock.now()), error };
      caller.inContext(() => observer.emit('refused', facts));
    }
    caller.refuse(error);
    if (this.size === 0) this.#outlook.deserted();
  }

  /** Its wait is over. */
  timeOut(caller: Caller): void {
    const waitedMs = caller.waitedMs(this.#parts.clock.now());
    this.refuse(caller, this.#outlook.failure() ?? new LockTimeoutError(this.#name, waitedMs, this.#outlook.occupant()));
  }

  #turnAway(): LockBusyError {
    const { observer } = this.#parts;
    const most = `has ${this.size} callers in line here, which is the most (option "maxWaiting")`;
    const error = new LockBusyError(this.#name, this.#outlook.occupant(), most);
    if (observer.watches('refused')) observer.emit('refused', { lockName: this.#name, caller: 0, waitMs: 0, error });
    return error;
  }
}
