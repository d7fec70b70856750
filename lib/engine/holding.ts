import type { Grant } from '../contracts/dialect.js';
import { after, type Instant, msUntil } from '../core/deadline.js';
import { msUntilClockReaches, nextToken, type TokenRange } from '../core/fencing-token.js';
import type { HeldLease } from './held-lease.js';
import type { Terms } from './options.js';
import type { Answered } from './store.js';

/**
 * A row that this process owns: one owner id, from its grant until it is let go or lost. Leases follow each other on it when the lock is
 * handed over inside the process.
 *
 * It never renews, believes or hands on after it has ended, and it ends before its release is sent.
 */
export class Holding {
  readonly name: string;
  readonly key: string;
  readonly owner: string;
  /** When the grant was here. */
  readonly since: Instant;
  /** Past it the holder does not believe any more. Earlier than the database's by the margin, and by what the statement took. */
  deadline: Instant;
  ttlMs: number;
  /** The lease that has the lock now; none while it changes hands. */
  lease: HeldLease | undefined;
  /** The ttl that the row was just given for its next lease. */
  readiedFor: number | undefined;
  /** Another process stands in line. */
  othersWait: boolean;
  /** When the line was last looked at, on the monotonic clock. */
  lineSeenMs: number;
  ended = false;
  /** Until then an ask of this owner id that was never answered may still be carried out, on the monotonic clock; `undefined` where all were. */
  readonly unsureUntilMs: number | undefined;

  /** The keeper's: when to renew next, on the monotonic clock, and what is under way. */
  renewAtMs: number;
  renewing = false;
  warned = false;

  readonly #acquiredAtMs: number;
  #range: TokenRange;
  #lastToken: number | undefined;

  constructor(
    lock: { readonly name: string; readonly key: string },
    owner: string,
    terms: Terms,
    { answer, firstSent, arrived, unsureUntilMs }: Answered<Grant>,
  ) {
    this.name = lock.name;
    this.key = lock.key;
    this.owner = owner;
    this.since = arrived;
    this.ttlMs = terms.ttlMs;
    this.readiedFor = terms.ttlMs;
    this.deadline = after(firstSent, terms.ttlMs - terms.marginMs);
    this.renewAtMs = firstSent.monotonicMs + terms.ttlMs / 3;
    this.othersWait = answer.waiters > 0;
    this.lineSeenMs = arrived.monotonicMs;
    this.#acquiredAtMs = answer.acquiredAt;
    this.#range = { first: answer.token, top: answer.tokenTop, clockUs: answer.now * 1_000 };
    this.unsureUntilMs = unsureUntilMs;
  }

  /** The token used last, which a release tells the row; 0 where none was. */
  get usedToken(): number {
    return this.#lastToken ?? 0;
  }

  /** The database's time at `now`, as far as this grant's answer tells. */
  databaseDate(now: Instant): Date {
    return new Date(this.#acquiredAtMs + (now.monotonicMs - this.since.monotonicMs));
  }

  remainingMs(now: Instant): number {
    return this.ended ? 0 : Math.max(0, msUntil(this.deadline, now));
  }

  heldMs(now: Instant): number {
    return now.monotonicMs - this.since.monotonicMs;
  }

  /** A token for the next lease on this holding; `undefined` where none is reserved, or the clock has not come so far. */
  takeToken(now: Instant): number | undefined {
    const token = this.#lastToken === undefined ? this.#range.first : nextToken(this.#lastToken, this.#range, this.heldMs(now));
    if (token !== undefined) this.#lastToken = token;
    return token;
  }

  /** Milliseconds until {@link takeToken} has one, as far as that is a matter of time. */
  msUntilToken(now: Instant): number {
    return msUntilClockReaches(this.usedToken + 1, this.#range, this.heldMs(now));
  }

  /** True while the row has reserved more tokens than were used. */
  get hasTokens(): boolean {
    return this.usedToken < this.#range.top;
  }

  /** A renewal was answered: the lease lasts `ttlMs` from before it was sent. It never shortens. */
  extend(sent: Instant, ttlMs: number, marginMs: number, tokenTop: number): void {
    const deadline = after(sent, ttlMs - marginMs);
    if (deadline.monotonicMs > this.deadline.monotonicMs) this.deadline = deadline;
    this.renewAtMs = Math.max(sent.monotonicMs + this.ttlMs / 3, this.deadline.monotonicMs - (this.ttlMs * 2) / 3);
    this.#range = { ...this.#range, top: Math.max(this.#range.top, tokenTop) };
    this.warned = false;
  }
}
