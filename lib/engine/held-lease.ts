import type { Transaction } from 'sequelize';
import type { Clock } from '../contracts/clock.js';
import type { Observer } from '../contracts/observer.js';
import { after, earlier, type Instant, msUntil } from '../core/deadline.js';
import { type Duration, parseDuration } from '../core/duration.js';
import { LeaseLostError, type LossReason } from '../core/errors.js';
import type { Fences } from './fences.js';
import type { Holding } from './holding.js';
import { type Lease, type TransactionArguments, transactionArguments } from './lease.js';
import { OpenFences } from './open-fences.js';
import type { Terms } from './options.js';

/** What a lease needs of whoever gave it out. */
export interface LeaseKeeper {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly fences: Fences;
  release(lease: HeldLease): Promise<boolean>;
  /** Its row is known to be somebody else's. */
  lost(reason: LossReason): void;
  extend(lease: HeldLease, ttlMs: number): Promise<void>;
  /** Its deadline is past, and no timer has noticed yet. */
  expire(lease: HeldLease): void;
}

const LONGEST_MS = 30 * 24 * 3_600_000;

/** A lease on a {@link Holding}. */
export class HeldLease implements Lease {
  readonly name: string;
  readonly acquiredAt: Date;
  #fences: OpenFences | undefined;
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

  get leases(): readonly [this] {
    return [this];
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

  /** Its fenced transactions. */
  get fences(): OpenFences {
    return (this.#fences ??= new OpenFences());
  }

  /** A fenced transaction of its may still be carried out. */
  get unsure(): boolean {
    return this.#fences?.unsure ?? false;
  }

  /** Its release has begun. */
  get released(): boolean {
    return this.#releasing !== undefined;
  }

  /** Ends it where it was not lost before. */
  lost(reason: LossReason): void {
    this.#keeper.lost(reason);
    this.lose(reason);
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

  transaction<T>(...args: TransactionArguments<T>): Promise<T> {
    const [options, fn] = transactionArguments(args);
    return this.#keeper.fences.transaction([this], options, fn);
  }

  fence(transaction: Transaction): Promise<void> {
    return this.#keeper.fences.fence([this], transaction);
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

  async #letGo(): Promise<boolean> {
    // A fenced transaction that commits after somebody else got the lock would be a stale write.
    if (this.#fences?.blocking) await this.#fences.ended(this.#keeper.clock, this.terms.ttlMs);
    this.#noticeEnd();
    return this.#keeper.release(this);
  }
}

/** True for what an engine gave out itself. */
export const isHeldLease = (lease: Lease): lease is HeldLease => lease instanceof HeldLease;
