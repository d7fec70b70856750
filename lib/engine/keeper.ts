import type { Cancel, Clock } from '../contracts/clock.js';
import type { RenewalAnswer } from '../contracts/dialect.js';
import type { Observer } from '../contracts/observer.js';
import { type Instant, msUntil, statementTimeout } from '../core/deadline.js';
import type { LossReason } from '../core/errors.js';
import type { Holding } from './holding.js';
import type { Answered, Store } from './store.js';

/** Told when a holding ends under its holder. */
export type OnLost = (holding: Holding, reason: LossReason) => void;

/**
 * Keeps every holding of a registry: renews all that are due in one statement at a third of their ttl, warns early, and ends those
 * whose deadline came. One timer for all, which does not keep the process alive.
 */
export class Keeper {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #observer: Observer;
  readonly #onLost: OnLost;
  readonly #holdings = new Map<string, Holding>();
  #wakeAtMs = Infinity;
  #cancel: Cancel | undefined;

  constructor(store: Store, clock: Clock, observer: Observer, onLost: OnLost) {
    this.#store = store;
    this.#clock = clock;
    this.#observer = observer;
    this.#onLost = onLost;
  }

  /** All that are held now. */
  get holdings(): Iterable<Holding> {
    return this.#holdings.values();
  }

  get holdsAnything(): boolean {
    return this.#holdings.size > 0;
  }

  add(holding: Holding): void {
    this.#holdings.set(holding.owner, holding);
    this.arm(holding);
  }

  remove(holding: Holding): void {
    this.#holdings.delete(holding.owner);
    if (this.#holdings.size > 0) return;
    this.#cancel?.();
    this.#wakeAtMs = Infinity;
  }

  /** To be called when something of a holding comes sooner than before: a new lease on it, a shorter deadline. */
  arm(holding: Holding, now = this.#clock.now()): void {
    this.#wakeAt(now, this.#nextMs(holding, now));
  }

  /**
   * Extends one holding now; true if it is still ours. Ends it if it is not.
   *
   * @throws {LockStoreError} the database failed until the lease was over
   */
  async extend(holding: Holding, ttlMs: number, marginMs: number): Promise<boolean> {
    const answered = await this.#store.run({
      name: 'renew',
      urgent: true,
      lockName: holding.name,
      timeoutMs: statementTimeout(holding.ttlMs),
      remainingMs: () => holding.remainingMs(this.#clock.now()),
      step: (statements) => statements.renew([{ key: holding.key, owner: holding.owner, ttlMs, token: holding.usedToken }]),
    });
    const [answer] = answered.answer;
    if (!answer || holding.ended) return false;
    this.#apply(holding, answer, answered.lastSent, ttlMs, marginMs);
    const kept = this.#holdings.has(holding.owner);
    if (kept) this.arm(holding);
    return kept;
  }

  #wakeAt(now: Instant, atMs: number): void {
    if (atMs >= this.#wakeAtMs) return;
    this.#cancel?.();
    this.#wakeAtMs = atMs;
    // Whole milliseconds: woken a fraction too early, it would have to be woken again, for ever where a fraction is too small to count.
    this.#cancel = this.#clock.after(Math.max(1, Math.ceil(atMs - now.monotonicMs)), () => this.#wake());
  }

  #wake(): void {
    this.#wakeAtMs = Infinity;
    const now = this.#clock.now();
    const soon = [...this.#holdings.values()].filter((holding) => this.#isDueSoon(holding, now));
    // Those that come due soon go with the same statement, and none is sent for them alone.
    if (soon.some(({ renewAtMs }) => renewAtMs <= now.monotonicMs)) void this.#renew(soon);
    let nextMs = Infinity;
    for (const holding of this.#holdings.values()) nextMs = Math.min(nextMs, this.#nextMs(holding, now));
    this.#wakeAt(now, nextMs);
  }

  /** Ends or warns what is to be ended or warned, and says whether it is about time to renew. */
  #isDueSoon(holding: Holding, now: Instant): boolean {
    if (this.#isOver(holding, now)) return false;
    const { lease } = holding;
    const leftMs = msUntil(endOf(holding), now);
    if (lease && !holding.warned && leftMs <= lease.terms.warnMs) {
      holding.warned = true;
      this.#observer.emit('expiring', {
        lockName: holding.name,
        token: lease.fencingToken,
        heldMs: lease.heldMs(now),
        remainingMs: leftMs,
      });
    }
    return !holding.renewing && renewable(holding, now) && holding.renewAtMs <= now.monotonicMs + holding.ttlMs / 12;
  }

  /** Ends it if its time is over. */
  #isOver(holding: Holding, now: Instant): boolean {
    if (msUntil(endOf(holding), now) > 0) return false;
    this.#onLost(holding, holding.lease?.lapseReason(now) ?? 'unreachable');
    return true;
  }

  async #renew(due: readonly Holding[]): Promise<void> {
    const now = this.#clock.now();
    const renewals = due.map((holding) => ({ holding, ttlMs: ttlFor(holding, now) }));
    for (const holding of due) holding.renewing = true;
    try {
      const answered = await this.#store.once({
        name: 'renew',
        urgent: true,
        timeoutMs: Math.min(...due.map(({ ttlMs }) => statementTimeout(ttlMs))),
        step: (statements) =>
          statements.renew(renewals.map(({ holding: { key, owner, usedToken }, ttlMs }) => ({ key, owner, ttlMs, token: usedToken }))),
      });
      this.#applyAll(renewals, answered);
    } catch (error) {
      this.#tryAgain(due, error);
    } finally {
      for (const holding of due) {
        holding.renewing = false;
        if (!holding.ended) this.arm(holding);
      }
    }
  }

  #applyAll(renewals: readonly { holding: Holding; ttlMs: number }[], { answer, lastSent }: Answered<readonly RenewalAnswer[]>): void {
    const answers = new Map(answer.map((one) => [one.owner, one]));
    for (const { holding, ttlMs } of renewals) {
      const one = answers.get(holding.owner);
      if (one && !holding.ended) this.#apply(holding, one, lastSent, ttlMs, holding.lease?.terms.marginMs ?? ttlMs / 2);
    }
  }

  #apply(holding: Holding, answer: RenewalAnswer, sent: Instant, ttlMs: number, marginMs: number): void {
    if (answer.kind !== 'renewed') return this.#onLost(holding, answer.kind);
    // In a process that was away the answer may come before the timers: the holder may have seen that its lease is over, and it stays over.
    const now = this.#clock.now();
    if (this.#isOver(holding, now)) return;
    holding.extend(sent, ttlMs, marginMs, answer.tokenTop);
    holding.othersWait = answer.waiters > 0;
    const { lease } = holding;
    if (lease) this.#observer.emit('renewed', { lockName: holding.name, token: lease.fencingToken, heldMs: lease.heldMs(now) });
  }

  /** A failed renewal is not a lost lease while time is left. */
  #tryAgain(due: readonly Holding[], error: unknown): void {
    const now = this.#clock.now();
    for (const holding of due) {
      holding.renewAtMs = now.monotonicMs + Math.min(1_000, holding.ttlMs / 20);
      const { lease, ended } = holding;
      if (!lease || ended) continue;
      const facts = { lockName: holding.name, token: lease.fencingToken, heldMs: lease.heldMs(now), remainingMs: lease.remainingMs, error };
      this.#observer.emit('overdue', facts);
    }
  }

  /** When this holding needs attention next, on the monotonic clock. */
  #nextMs(holding: Holding, now: Instant): number {
    const endMs = now.monotonicMs + msUntil(endOf(holding), now);
    const renewMs = holding.renewing || !renewable(holding, now) ? Infinity : holding.renewAtMs;
    const warnMs = holding.warned || !holding.lease ? Infinity : endMs - holding.lease.terms.warnMs;
    return Math.min(endMs, renewMs, warnMs);
  }
}

/** When belief ends: for whoever has the lock now, `maxHold` included. */
const endOf = (holding: Holding) => holding.lease?.deadline ?? holding.deadline;

/** A holding that changes hands is renewed too: somebody is about to get it. */
function renewable({ lease, deadline }: Holding, now: Instant): boolean {
  return !lease || (lease.terms.renew && lease.maxRemainingMs(now) > msUntil(deadline, now));
}

/** A renewal does not reach past `maxHold`. */
function ttlFor(holding: Holding, now: Instant): number {
  const most = holding.lease ? holding.lease.maxRemainingMs(now) + holding.lease.terms.marginMs : Infinity;
  return Math.ceil(Math.min(holding.ttlMs, most));
}
