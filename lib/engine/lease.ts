import type { Clock } from '../contracts/clock.js';
import type { Observer } from '../contracts/observer.js';
import { after, earlier, type Instant, msUntil } from '../core/deadline.js';
import { type Duration, parseDuration } from '../core/duration.js';
import { LeaseLostError, type LossReason } from '../core/errors.js';
import type { Holding } from './holding.js';
import type { Terms } from './options.js';

/**
 * What a caller holds: the lock, until it is released or lost.
 *
 * @example
 * await using lease = await locks.acquire('invoices');
 * await sendInvoices({ signal: lease.signal });
 */
export interface Lease extends AsyncDisposable {
  readonly name: string;
  /** Grows with every grant of this name, for ever. Renewals do not change it. */
  readonly fencingToken: number;
  /** When it was granted, by the database's clock. */
  readonly acquiredAt: Date;
  /** Aborts when the lease is lost, with a {@link LeaseLostError} as its reason. A release does not abort it. */
  readonly signal: AbortSignal;
  /** Milliseconds for which the lease may still be believed in without a renewal; 0 when it is over. */
  readonly remainingMs: number;
  /** Whether the lock is this lease's at this moment: compared with the clock at every call, so that a process that slept past its lease knows at once. */
  readonly held: boolean;
  /** @throws {LeaseLostError} the lease is over */
  assertHeld(): void;
  /**
   * Makes sure that at least so much is left, and asks the database only if less is.
   *
   * @throws {LeaseLostError} the lease is over
   * @throws {LockStoreError} the database failed; the lease may still be held
   */
  ensure(duration: Duration): Promise<void>;
  /**
   * Makes the lease last so long from now, if it would not last as long anyway. Never past `maxHold`.
   *
   * @throws {LeaseLostError} the lease is over
   * @throws {LockStoreError} the database failed; the lease may still be held
   */
  extend(ttl: Duration): Promise<void>;
  /** Lets go, once; further calls get the same answer. False: it had been lost already. Never rejects: a failed release is an event, and the lease ends by itself. */
  release(): Promise<boolean>;
}

/** What a lease needs of the queue that gave it out. */
export interface LeaseKeeper {
  readonly clock: Clock;
  readonly observer: Observer;
  release(lease: HeldLease): Promise<boolean>;
  extend(lease: HeldLease, ttlMs: number): Promise<void>;
  /** Its deadline is past, and no timer has noticed yet. */
  expire(lease: HeldLease): void;
}

const LONGEST_MS = 30 * 24 * 3_600_000;

/** A lease on a {@link Holding}. */
export class HeldLease implements Lease {
  readonly name: string;
  readonly acquiredAt: Date;
  readonly #keeper: LeaseKeeper;
  readonly #since: Instant;
  readonly #latestEnd: Instant;
  #controller: AbortController | undefined;
  #lost: LeaseLostError | undefined;
  #releasing: Promise<boolean> | undefined;

  constructor(
    keeper: LeaseKeeper,
    readonly holding: Holding,
    readonly fencingToken: number,
    readonly terms: Terms,
    now: Instant,
  ) {
    this.#keeper = keeper;
    this.name = holding.name;
    this.acquiredAt = holding.databaseDate(now);
    this.#since = now;
    this.#latestEnd = after(now, terms.maxHoldMs);
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      this.#noticeEnd();
      if (this.#lost) this.#controller.abort(this.#lost);
    }
    return this.#controller.signal;
  }

  get remainingMs(): number {
    return this.#over ? 0 : Math.max(0, msUntil(this.deadline, this.#keeper.clock.now()));
  }

  get held(): boolean {
    return this.remainingMs > 0;
  }

  /** The end of belief, `maxHold` included. */
  get deadline(): Instant {
    return earlier(this.holding.deadline, this.#latestEnd);
  }

  /** Milliseconds until `maxHold` ends the lease. */
  maxRemainingMs(now: Instant): number {
    return msUntil(this.#latestEnd, now);
  }

  heldMs(now: Instant): number {
    return now.monotonicMs - this.#since.monotonicMs;
  }

  /** Why it ended when its time was over: it should have been renewed, or it should not. */
  lapseReason(now: Instant): LossReason {
    return this.terms.renew && this.maxRemainingMs(now) > 0 ? 'unreachable' : 'expired';
  }

  /** Why it was lost, once it is. */
  get loss(): LeaseLostError | undefined {
    return this.#lost;
  }

  assertHeld(): void {
    this.#noticeEnd();
    if (this.#lost) throw this.#lost;
    if (this.#releasing) throw new LeaseLostError(this.name, 'released', this.fencingToken);
  }

  async ensure(duration: Duration): Promise<void> {
    const ms = parseDuration('ensure', duration, { max: LONGEST_MS });
    this.assertHeld();
    if (this.remainingMs < ms) await this.#keeper.extend(this, Math.max(this.terms.ttlMs, ms + this.terms.marginMs));
  }

  async extend(ttl: Duration): Promise<void> {
    const ttlMs = parseDuration('extend', ttl, { min: 200, max: LONGEST_MS });
    this.assertHeld();
    await this.#keeper.extend(this, ttlMs);
  }

  release(): Promise<boolean> {
    return (this.#releasing ??= this.#letGo());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  /** Tells the holder that it lost its lease: `held` is false from here on, and the signal aborts. */
  lose(reason: LossReason): void {
    if (this.#lost) return;
    this.#lost = new LeaseLostError(this.name, reason, this.fencingToken);
    this.#keeper.observer.emit('lost', {
      lockName: this.name,
      token: this.fencingToken,
      heldMs: this.heldMs(this.#keeper.clock.now()),
      reason,
    });
    this.#controller?.abort(this.#lost);
  }

  get #over(): boolean {
    return this.#lost !== undefined || this.#releasing !== undefined;
  }

  /** A process that slept past its lease finds out here, before any timer ran. */
  #noticeEnd(): void {
    if (!this.#over && this.remainingMs === 0) this.#keeper.expire(this);
  }

  #letGo(): Promise<boolean> {
    this.#noticeEnd();
    return this.#keeper.release(this);
  }
}
