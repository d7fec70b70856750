import { type Instant, msUntil } from '../core/deadline.js';
import { LockRegistryClosedError, type LossReason, type Occupant } from '../core/errors.js';
import type { Observer } from '../contracts/observer.js';
import type { Clock } from '../contracts/clock.js';
import type { Caller } from './caller.js';
import { Callers } from './callers.js';
import type { EngineParts } from './engine-parts.js';
import { askOnce } from './ask.js';
import { mustYield } from './fairness.js';
import type { Fences } from './fences.js';
import { fitOf } from './fit.js';
import { Holding } from './holding.js';
import { HeldLease, type LeaseKeeper } from './lease.js';
import { letGo } from './let-go.js';
import type { Terms } from './options.js';
import { occupantOf } from './occupant.js';
import { Stand } from './stand.js';

/** What the queue is doing at the database. One thing at a time: the stand belongs to the queue, not to the caller that started it. */
type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'asking'; readonly done: Promise<unknown> }
  | { readonly kind: 'standing'; readonly stand: Stand }
  | { readonly kind: 'held'; readonly holding: Holding }
  | { readonly kind: 'releasing' };

/** Further ahead than so much, the clock is not waited for. */
const TOO_FAR_AHEAD_MS = 3;

const idle: State = { kind: 'idle' };

/**
 * The callers of this process for one name: first come, first served, with one stand at the database whatever their number.
 * While the process holds the lock it is passed on here, without a statement, as far as that is fair and the lease lasts.
 */
export class LocalQueue implements LeaseKeeper {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly fences: Fences;
  readonly #parts: EngineParts;
  readonly #callers: Callers;
  #state: State = idle;
  /** What was last seen in the way. */
  #occupant: Occupant = {};
  /** Somebody else was in the way last time. */
  #contended = false;
  #whenEmpty: (() => void) | undefined;

  constructor(
    parts: EngineParts,
    readonly name: string,
    readonly key: string,
  ) {
    this.#parts = parts;
    this.clock = parts.clock;
    this.fences = parts.fences;
    this.observer = parts.observer;
    this.#callers = new Callers(parts, name, {
      busy: () => this.#standing?.busy ?? 0,
      failure: () => this.#standing?.failure,
      occupant: () => this.#occupantNow(),
      deserted: () => this.#standing?.stop(),
    });
  }

  /** True when nothing would be forgotten with this queue. */
  get empty(): boolean {
    return this.#state.kind === 'idle' && this.#callers.size === 0;
  }

  get #standing(): Stand | undefined {
    return this.#state.kind === 'standing' ? this.#state.stand : undefined;
  }

  /** Stands in line until granted. @throws what ends the wait */
  enter(terms: Terms): Promise<HeldLease> {
    const granted = this.#callers.enter(terms);
    this.#kick();
    return granted;
  }

  /** Asks once, and never stands in line or jumps it. */
  async tryOnce(terms: Terms): Promise<HeldLease | undefined> {
    // Whoever is asking already may get it; what that learns is this caller's answer too.
    if (this.#state.kind === 'asking') await this.#state.done.catch(() => undefined);
    if (this.#state.kind !== 'idle' || this.#callers.size > 0) return undefined;
    const asking = askOnce(this.#parts, this, terms);
    this.#state = { kind: 'asking', done: asking };
    try {
      const { granted, occupant } = await asking;
      this.#occupant = occupant;
      if (granted) return this.#lendOrLetGo(this.#hold(new Holding(this, granted.owner, terms, granted.answered)), terms);
    } finally {
      this.#asked();
    }
    return undefined;
  }

  /** Unless what was asked for was granted, whoever entered meanwhile stands now. */
  #asked(): void {
    if (this.#state.kind === 'asking') this.#rest();
  }

  /** Who is in the way, as far as is known here. */
  async occupant(): Promise<Occupant> {
    const known = this.#occupantNow();
    if (known.holder !== undefined || this.#standing) return known;
    return occupantOf(this.#parts, this);
  }

  async release(lease: HeldLease): Promise<boolean> {
    const { holding, terms } = lease;
    if (lease.unsure) return this.#lapse(lease);
    if (lease.loss) {
      // Until now the row excluded others, lost or not; where it may name us still it is freed when the body is done.
      if (mayStillBeOurs(lease.loss.reason)) this.#parts.janitor.giveBack(this, holding.owner, terms, holding);
      return false;
    }
    const now = this.clock.now();
    this.#tellReleased(lease, now);
    const restMs = Math.max(0, Math.ceil(terms.minHoldMs - lease.heldMs(now)));
    if (this.#callers.size > 0 && restMs === 0 && !mustYield(this.#parts, holding, now)) {
      this.#passOnInTurn(holding);
      return true;
    }
    const wasOurs = await this.#letGo(holding, terms, restMs);
    if (!wasOurs) lease.lose('taken');
    return wasOurs;
  }

  /** A transaction of its may still be carried out: it locks the row, so nobody gets that while it may, and the lease is left to end by itself. */
  #lapse(lease: HeldLease): boolean {
    if (lease.loss) return false;
    this.#tellReleased(lease, this.clock.now());
    this.#end(lease.holding);
    this.#rest();
    return true;
  }

  #tellReleased(lease: HeldLease, now: Instant): void {
    if (!this.observer.watches('released')) return;
    this.observer.emit('released', { lockName: this.name, token: lease.fencingToken, heldMs: lease.heldMs(now) });
  }

  expire(lease: HeldLease): void {
    this.lost(lease.holding, lease.lapseReason(this.clock.now()));
  }

  async extend(lease: HeldLease, ttlMs: number): Promise<void> {
    const now = this.clock.now();
    const most = Math.min(ttlMs, lease.maxRemainingMs(now) + lease.terms.marginMs);
    await this.#parts.keeper.extend(lease.holding, Math.ceil(most), lease.terms.marginMs);
    lease.assertHeld();
  }

  /** The holding ended under its holder. The others stand in line again. */
  lost(holding: Holding, reason: LossReason): void {
    if (holding.ended) return;
    this.#end(holding);
    if (holding.lease) holding.lease.lose(reason);
    else if (mayStillBeOurs(reason)) this.#parts.janitor.giveBack(this, holding.owner, this.#parts.terms, holding);
    if (this.#state.kind === 'held' && this.#state.holding === holding) this.#rest();
  }

  /** Refuses all callers; nobody enters afterwards. Resolves when nothing is held, asked for or let go any more. */
  async close(): Promise<void> {
    for (const caller of this.#callers) this.#callers.refuse(caller, new LockRegistryClosedError(this.name));
    if (!this.empty) await new Promise<void>((resolve) => (this.#whenEmpty = resolve));
  }

  #kick(): void {
    if (this.#state.kind !== 'idle' || this.#callers.size === 0) return;
    const stand = new Stand(this.#parts, {
      name: this.name,
      key: this.key,
      contended: this.#contended,
      callers: this.#callers,
      saw: (occupant) => (this.#occupant = occupant),
    });
    this.#state = { kind: 'standing', stand };
    void this.#standUntilGranted(stand);
  }

  async #standUntilGranted(stand: Stand): Promise<void> {
    try {
      const granted = await stand.run();
      this.#contended = stand.busy > 0;
      if (granted) return this.#passOn(this.#hold(new Holding(this, granted.owner, granted.terms, granted.answered)), stand.attempts);
    } catch (error) {
      for (const caller of this.#callers) this.#giveUp(caller, stand, error);
    }
    this.#rest();
  }

  /** Where its time is over as well, and the last that it met were others at the row, it has waited in vain like everybody else. */
  #giveUp(caller: Caller, stand: Stand, error: unknown): void {
    if (caller.remainingMs(this.clock.now()) <= 0 && !stand.failure) this.#callers.timeOut(caller);
    else this.#callers.refuse(caller, error);
  }

  #hold(holding: Holding): Holding {
    this.#state = { kind: 'held', holding };
    this.#parts.keeper.add(holding);
    this.#parts.rehearsal.granted();
    return holding;
  }

  /** Hand-overs that follow each other in microtasks would keep timers, and so renewals, from running. */
  #passOnInTurn(holding: Holding): void {
    holding.lease = undefined;
    if (this.#parts.turns.mayGoOn()) this.#passOn(holding, 0);
    else void this.clock.turn().then(() => this.#passOn(holding, 0));
  }

  /** Gives the lock to the caller in front, or lets it go. */
  #passOn(holding: Holding, attempts: number): void {
    if (holding.ended) return;
    const caller = this.#callers.first;
    if (!caller) return void this.#letGo(holding, this.#parts.terms, 0);
    const now = this.clock.now();
    const fit = fitOf(holding, caller.terms, now);
    if (fit === 'let go') return void this.#letGo(holding, caller.terms, 0);
    if (fit === 'renew first' || !holding.hasTokens) return void this.#refresh(holding, caller.terms);
    const lease = this.#lend(holding, caller.terms, now);
    if (!lease) return this.#passOnByAndBy(holding, attempts, now);
    this.#callers.grant(caller, lease, () => this.#tellAcquired(lease, caller.number, caller.waitedMs(now), attempts));
  }

  /** The numbers are ahead of the clock: by less than the look at it is exact, or because an owner before died with many unused. */
  #passOnByAndBy(holding: Holding, attempts: number, now: Instant): void {
    if (holding.msUntilToken(now) > TOO_FAR_AHEAD_MS) void this.#letGo(holding, this.#parts.terms, 0);
    else void this.clock.turn().then(() => this.#passOn(holding, attempts));
  }

  /** A grant that arrived with too little of its lease left is given back, not handed out. */
  #lendOrLetGo(holding: Holding, terms: Terms): HeldLease | undefined {
    const now = this.clock.now();
    if (fitOf(holding, terms, now) === 'fits') {
      const lease = this.#lend(holding, terms, now);
      if (lease) this.#tellAcquired(lease, 0, 0, 1);
      return lease;
    }
    void this.#letGo(holding, terms, 0);
    return undefined;
  }

  /** The next lease on a holding; `undefined` where the clock has not come as far as its next token. */
  #lend(holding: Holding, terms: Terms, now: Instant): HeldLease | undefined {
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

  #tellAcquired({ fencingToken: token, terms: { label } }: HeldLease, caller: number, waitMs: number, attempts: number): void {
    if (!this.observer.watches('acquired')) return;
    this.observer.emit('acquired', { lockName: this.name, caller, token, waitMs, attempts, label });
  }

  /** One statement before the next lease, which would otherwise begin with too little. */
  async #refresh(holding: Holding, terms: Terms): Promise<void> {
    try {
      holding.ttlMs = terms.ttlMs;
      const renewed = await this.#parts.keeper.extend(holding, terms.ttlMs, terms.marginMs);
      if (!renewed || holding.ended) return;
      holding.readiedFor = terms.ttlMs;
      this.#passOn(holding, 1);
    } catch (error) {
      this.observer.emit('failed', { lockName: this.name, step: 'renew', error });
      if (!holding.ended) this.lost(holding, 'unreachable');
    }
  }

  async #letGo(holding: Holding, terms: Terms, restMs: number): Promise<boolean> {
    this.#end(holding);
    this.#contended ||= holding.othersWait;
    this.#state = { kind: 'releasing' };
    const wasOurs = await letGo(this.#parts, holding, terms, restMs);
    this.#rest();
    return wasOurs;
  }

  /** From here on it is neither renewed, believed nor handed on. */
  #end(holding: Holding): void {
    holding.ended = true;
    this.#parts.keeper.remove(holding);
  }

  #rest(): void {
    this.#state = idle;
    this.#kick();
    if (!this.empty) return;
    this.#parts.queues.delete(this.key);
    this.#whenEmpty?.();
  }

  #occupantNow(): Occupant {
    if (this.#state.kind !== 'held') return this.#occupant;
    const { holding } = this.#state;
    const { lease } = holding;
    const now = this.clock.now();
    const expiresAt = new Date(holding.databaseDate(now).getTime() + msUntil(holding.deadline, now));
    return { holder: this.#parts.holder, ...(lease ? { label: lease.terms.label, acquiredAt: lease.acquiredAt } : {}), expiresAt };
  }
}

const mayStillBeOurs = (reason: LossReason) => reason === 'revoked' || reason === 'unreachable' || reason === 'expired';
