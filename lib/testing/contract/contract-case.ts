import type { Clock } from '../../contracts/clock.js';
import type { Dialect, DialectFacts } from '../../contracts/dialect.js';
import type { LockEventName, LockEvents } from '../../contracts/observer.js';
import type { Duration } from '../../core/duration.js';
import type { Lease } from '../../engine/lease.js';
import type { LockNames } from '../../engine/lock-engine.js';
import type { LockOptions, RegistryOptions, RunOptions } from '../../engine/options.js';
import type { EXECUTION_SKIPPED } from '../../engine/run-locked.js';

/** One thing that must hold of every dialect. Uses names of its own, so that cases may run beside each other. */
export interface Case {
  /** A sentence of behaviour. */
  readonly name: string;
  /** The numbers it stands for in the project's list of what a lock must do. */
  readonly covers: readonly number[];
  /** The fact that a dialect must declare for it; skipped elsewhere. */
  readonly needs?: keyof DialectFacts;
  /** Keeps the processor or the database busy for a while: better run alone. */
  readonly slow?: boolean;
  /** Rejects where the thing does not hold. */
  readonly run: (world: World) => Promise<void>;
}

/** What a case has to work with. */
export interface World {
  /** The dialect under test, for {@link RegistryOptions.dialect} with something in between. */
  readonly dialect: Dialect;
  /** Real time. */
  readonly clock: Clock;
  /** A fresh registry with connections of its own, on the database that all of them share; closed when the case is over. */
  readonly locks: (options?: RegistryOptions) => Locks;
  /** A lock's name that nobody else uses; it does as the name of a table too. */
  readonly freshName: () => string;
}

/** What the contract uses of a registry. */
export interface Locks {
  acquire(name: LockNames, options?: LockOptions): Promise<Lease>;
  tryAcquire(name: LockNames, options?: LockOptions): Promise<Lease | undefined>;
  run<T>(name: LockNames, body: (lease: Lease) => T | PromiseLike<T>, options?: RunOptions): Promise<T | typeof EXECUTION_SKIPPED>;
  inspect(name: string): Promise<LockSeen | undefined>;
  list(): Promise<LockSeen[]>;
  forceRelease(name: string, options?: { readonly now?: boolean }): Promise<boolean>;
  prune(options?: { readonly idleFor?: Duration }): Promise<number>;
  createTable(): Promise<void>;
  on<E extends LockEventName>(event: E, listener: (facts: LockEvents[E]) => void): unknown;
  off<E extends LockEventName>(event: E, listener: (facts: LockEvents[E]) => void): unknown;
  close(options?: { readonly grace?: Duration }): Promise<void>;
}

/** A lock as operators see it. */
export interface LockSeen {
  readonly name: string;
  readonly fencingToken: number;
  readonly holder: string;
  readonly label: string;
  readonly acquiredAt: Date;
  readonly expiresAt: Date;
  readonly releasedAt: Date | undefined;
  readonly revoked: boolean;
  readonly waiters: number;
}
