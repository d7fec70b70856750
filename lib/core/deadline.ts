/**
 * One moment on both of a machine's clocks.
 *
 * Both are needed: the monotonic one stands still while a machine is suspended, and the wall clock can be set.
 * A deadline is past as soon as either says so, so a jump may end belief early and never late.
 */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** The instant `ms` after `from`. */
export function after(from: Instant, ms: number): Instant {
  return { monotonicMs: from.monotonicMs + ms, wallMs: from.wallMs + ms };
}

/** Milliseconds from `now` until `deadline`, by whichever clock says less; negative once it is past. */
export function msUntil(deadline: Instant, now: Instant): number {
  return Math.min(deadline.monotonicMs - now.monotonicMs, deadline.wallMs - now.wallMs);
}

/** The earlier of two instants by the monotonic clock. */
export function earlier(one: Instant, other: Instant): Instant {
  return one.monotonicMs <= other.monotonicMs ? one : other;
}

/** How much sooner than the database a holder stops believing: 1 % of the ttl for clocks that drift apart, and at least 20 ms. */
export const defaultMargin = (ttlMs: number) => Math.max(20, ttlMs / 100);

/** The longest that one statement about a lease of `ttlMs` may take, so that a renewal can be tried several times before the lease ends. */
export const statementTimeout = (ttlMs: number) => Math.min(ttlMs / 4, 5_000);
