/**
 * How many tokens a grant reserves in its row for hand-overs inside the process.
 *
 * They are used at the rate of the clock's microseconds at most, so this is a second of hand-overs without a statement,
 * and an owner that dies leaves its row's numbers at most a second ahead of the clock.
 */
export const TOKENS_RESERVED = 1_000_000;

/** The tokens that a grant may use. */
export interface TokenRange {
  /** The grant's own token. */
  readonly first: number;
  /** The highest token that the row has reserved for it. */
  readonly top: number;
  /** The database's clock when it granted, in microseconds. Behind `first` where an owner before died with numbers unused. */
  readonly clockUs: number;
}

/**
 * The token after `last`, or `undefined` where the row has not reserved it or the clock has not reached it.
 *
 * No token is ahead of the database's clock: then a grant made after the row was lost, which starts at that clock, is above every
 * token handed out before.
 *
 * @param sinceGrantMs milliseconds since the grant's answer arrived, on the monotonic clock: less than the database's clock has gone on
 */
export function nextToken(last: number, range: TokenRange, sinceGrantMs: number): number | undefined {
  const next = last + 1;
  return next <= range.top && msUntilClockReaches(next, range, sinceGrantMs) <= 0 ? next : undefined;
}

/** Milliseconds until the database's clock has surely come as far as `token`; 0 or less when it has. */
export function msUntilClockReaches(token: number, { clockUs }: TokenRange, sinceGrantMs: number): number {
  return (token - clockUs) / 1_000 - sinceGrantMs;
}
