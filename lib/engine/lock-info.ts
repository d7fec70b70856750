import type { LockView } from '../contracts/dialect.js';
import { decodeName } from '../core/lock-name.js';

/** A lock as operators see it. Times are the database's. */
export interface LockInfo {
  readonly name: string;
  /** The token last used, as of the last statement about the lock. */
  readonly fencingToken: number;
  readonly holder: string;
  readonly label: string;
  readonly acquiredAt: Date;
  readonly expiresAt: Date;
  /** Set while a released lock rests until its `minHold` is over: nobody holds it, and nobody can take it. */
  readonly releasedAt: Date | undefined;
  /** An operator took it away: no renewal is accepted any more, so it is free at `expiresAt`. */
  readonly revoked: boolean;
  /** Processes that stand in line for it. */
  readonly waiters: number;
}

export function toLockInfo({ key, token, holder, label, acquiredAt, expiresAt, releasedAt, revoked, waiters }: LockView): LockInfo {
  return {
    name: decodeName(key),
    fencingToken: token,
    holder,
    label,
    acquiredAt: new Date(acquiredAt),
    expiresAt: new Date(expiresAt),
    releasedAt: releasedAt === undefined ? undefined : new Date(releasedAt),
    revoked,
    waiters,
  };
}
