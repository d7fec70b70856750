import type { Clock } from '../contracts/clock.js';
import type { Observer } from '../contracts/observer.js';
import { type Instant, msUntil } from '../core/deadline.js';
import type { LossReason, Occupant } from '../core/errors.js';
import type { Granted } from './ask.js';
import type { Callers } from './callers.js';
import type { EngineParts, NamedLock } from './engine-parts.js';
import { mustYield } from './fairness.js';
import type { Fences } from './fences.js';
import { fitOf } from './fit.js';
import { HeldLease, type LeaseKeeper } from './held-lease.js';
import { Holding } from './holding.js';
import { letGo } from './let-go.js';
import type { Terms } from './options.js';

/** The queue that a tenure is for. */
export interface TenureQueue extends NamedLock {
  readonly callers: Callers;
  /** The lock is being let go: nobody stands in line before that is done. */
  leaving(othersWait: boolean): void;
  /** The lock is not here any more. */
  left(): void;
}

/** Further ahead than so much, the clock is not waited for. */
const TOO_FAR_AHEAD_MS = 3;

/**
 * The time that this process has a lock, from its grant until it is let go or lost. Leases follow each other in it: the lock is passed on to the
 * next caller without a statement, as far as that is fair and the lease in the row lasts.
 */
export class Tenure implements LeaseKeeper {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly fences: Fences;
  readonly holding: Holding;
  readonly #parts: EngineParts;
  readonly #queue: TenureQueue;

  constructor(parts: EngineParts, queue: TenureQueue, { owner, terms, answered }: Granted) {
    this.#parts = parts;
    this.#queue = queue;
    this.clock = parts.clock;
    this.observer = parts.observer;
    this.fences = parts.fences;
    this.holding = new Holding(queue, owner, terms, answered);
    parts.keeper.add(this.holding);
    parts.rehearsal.granted();
  }

  /** Whom others find in the way. */
  get occupant(): Occupant {
    const { holding } = this;
    const { lease } = holding;
    const now = this.clock.now();
    const expiresAt = new Date(holding.databaseDate(now).getTime() + msUntil(holding.deadline, now));
    return { holder: this.#parts.holder, ...(lease ? { label: lease.terms.label, acquiredAt: lease.acquiredAt } : {}), expiresAt };
  }

  /** Gives the lock to the caller in front, or lets it go. */
  passOn(attempts: number): void {
    const { holding } = this;
    if (holding.ended) return;
    const { callers } = this.#queue;
    const caller = callers.first;
    if (!caller) return void this.#letGo(this.#parts.terms, 0);
    const now = this.clock.now();
    const fit = fitOf(holding, caller.terms, now);
    if (fit === 'let go') return void this.#letGo(caller.terms, 0);
    if (fit === 'renew first' || !holding.hasTokens) return void this.#refresh(caller.terms);
    const lease = this.#lend(caller.terms, now);
    if (!lease) return this.#passOnByAndBy(attempts, now);
    callers.grant(caller, lease, () => this.#tellAcquired(lease, caller.number, caller.waitedMs(now), attempts));
  }

  /** For whoever does not stand in line. A grant that arrived with too little of its lease left is given back, not handed out. */
  lendOrLetGo(terms: Terms): HeldLease | undefined {
    const now = this.clock.now();
    if (fitOf(this.holding, terms, now) === 'fits') {
      const lease = this.#lend(terms, now);
      if (lease) this.#tellAcquired(lease, 0, 0, 1);
      return lease;
    }
    void this.#letGo(terms, 0);
    return undefined;
  }

  async release(lease: HeldLease): Promise<boolean> {
    const { holding } = this;
    const { terms } = lease;
    if (lease.unsure) return this.#lapse(lease);
    if (lease.loss) {
      // Until now the row excluded others, lost or not; where it may name us still it is freed when the body is done.
      if (mayStillBeOurs(lease.loss.reason)) this.#parts.janitor.giveBack(holding, holding.owner, terms, holding);
      return false;
    }
    const now = this.clock.now();
    this.#tellReleased(lease, now);
    const restMs = Math.max(0, Math.ceil(terms.minHoldMs - lease.heldMs(now)));
    if (this.#queue.callers.size > 0 && restMs === 0 && !mustYield(this.#parts, holding, now)) {
      this.#passOnInTurn();
      return true;
    }
    const wasOurs = await this.#letGo(terms, restMs);
    if (!wasOurs) lease.lose('taken');
    return wasOurs;
  }

  expire(lease: HeldLease): void {
    this.lost(lease.lapseReason(this.clock.now()));
  }

  async extend(lease: HeldLease, ttlMs: number): Promise<void> {
    const now = this.clock.now();
    const most = Math.min(ttlMs, lease.maxRemainingMs(now) + lease.terms.marginMs);
    await this.#parts.keeper.extend(this.holding, Math.ceil(most), lease.terms.marginMs);
    lease.assertHeld();
  }

  lost(reason: LossReason): void {
    const { holding } = this;
    if (holding.ended) return;
    this.#end();
    if (holding.lease) holding.lease.lose(reason);
    else if (mayStillBeOurs(reason)) this.#parts.janitor.giveBack(holding, holding.owner, this.#parts.terms, holding);
    this.#queue.left();
  }

  /** A transaction of its may still be carried out: it locks the row, so nobody gets that while it may, and the lease is left to end by itself. */
  #lapse(lease: HeldLease): boolean {
    if (lease.loss) return false;
    this.#tellReleased(lease, this.clock.now());
    this.#end();
    this.#queue.left();
    return true;
  }

  /** Hand-overs that follow each other in microtasks would keep timers, and so renewals, from running. */
  #passOnInTurn(): void {
    this.holding.lease = undefined;
    if (this.#parts.turns.mayGoOn()) this.passOn(0);
    else void this.clock.turn().then(() => this.passOn(0));
  }

  /** The numbers are ahead of the clock: by less than the look at it is exact, or because an owner before died with many unused. */
  #passOnByAndBy(attempts: number, now: Instant): void {
    if (this.holding.msUntilToken(now) > TOO_FAR_AHEAD_MS) void this.#letGo(this.#parts.terms, 0);
    else void this.clock.turn().then(() => this.passOn(attempts));
  }

  /** The next lease; `undefined` where the clock has not come as far as its token. */
  #lend(terms: Terms, now: Instant): HeldLease | undefined {
    const { holding } = this;
    const token = holding.takeToken(now);
    if (token === undefined) return undefined;
    holding.readiedFor = undefined;
    // From here on it is renewed on this one's terms.
    holding.ttlMs = terms.ttlMs;
    const lease = new HeldLease(this, holding, token, terms, now);
    holding.lease = lease;
    this.#parts.keeper.arm(holding, now);
    return lease;
  }

  /** One statement before the next lease, which would otherwise begin with too little. */
  async #refresh(terms: Terms): Promise<void> {
    const { holding } = this;
    try {
      holding.ttlMs = terms.ttlMs;
      const renewed = await this.#parts.keeper.extend(holding, terms.ttlMs, terms.marginMs);
      if (!renewed || holding.ended) return;
      holding.readiedFor = terms.ttlMs;
      this.passOn(1);
    } catch (error) {
      this.observer.emit('failed', { lockName: holding.name, step: 'renew', error });
      this.lost('unreachable');
    }
  }

  async #letGo(terms: Terms, restMs: number): Promise<boolean> {
    this.#end();
    this.#queue.leaving(this.holding.othersWait);
    const wasOurs = await letGo(this.#parts, this.holding, terms, restMs);
    this.#queue.left();
    return wasOurs;
  }

  /** From here on it is neither renewed, believed nor handed on. */
  #end(): void {
    this.holding.ended = true;
    this.#parts.keeper.remove(this.holding);
  }

  #tellAcquired({ fencingToken: token, terms: { label } }: HeldLease, caller: number, waitMs: number, attempts: number): void {
    if (!this.observer.watches('acquired')) return;
    this.observer.emit('acquired', { lockName: this.holding.name, caller, token, waitMs, attempts, label });
  }

  #tellReleased(lease: HeldLease, now: Instant): void {
    if (!this.observer.watches('released')) return;
    this.observer.emit('released', { lockName: this.holding.name, token: lease.fencingToken, heldMs: lease.heldMs(now) });
  }
}

const mayStillBeOurs = (reason: LossReason) => reason === 'revoked' || reason === 'unreachable' || reason === 'expired';
