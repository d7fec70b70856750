/** What a polling policy may go by. */
export interface PollingContext {
  readonly lockName: string;
  /** How often it was found busy in this wait, from 1. */
  readonly attempt: number;
  /** How often it was found busy since it was last seen to change hands, from 1. */
  readonly attemptSinceMove: number;
  /** How many of other processes stand in line in front; 0 where nobody does, or where that is not known. */
  readonly ahead: number;
  /** Milliseconds since the wait began. */
  readonly elapsedMs: number;
  /** What the policy answered last time; 0 the first time. */
  readonly previousDelayMs: number;
  /** How long the holder's lease lasts if nobody renews it; `undefined` where that is not known. */
  readonly holderRemainingMs: number | undefined;
  /** How long the caller still waits. */
  readonly waitRemainingMs: number;
  /** A number from 0 to below 1. */
  readonly random: () => number;
}

/** Give up now: the wait ends as if its time were over. */
export const giveUp = Symbol.for('sequelize-distributed-lock.give-up');

/**
 * Answers *busy*: in how many milliseconds to look again, or {@link giveUp}.
 *
 * A pure function, shared by all locks of a registry. The engine clips the answer: nobody sleeps past the holder's lease,
 * the caller's wait, or the time for which a lock that was handed over stays reserved.
 */
export type PollingPolicy = (seen: PollingContext) => number | typeof giveUp;
