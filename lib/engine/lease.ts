import type { Transaction, TransactionOptions } from 'sequelize';
import type { Duration } from '../core/duration.js';

/**
 * What a caller holds: the lock, until it is released or lost.
 *
 * @example
 * await using lease = await locks.acquire('invoices');
 * await sendInvoices({ signal: lease.signal });
 */
export interface Lease extends AsyncDisposable {
  readonly name: string;
  /** One for each name that was asked for, in byte order; of a single name this lease alone. */
  readonly leases: readonly Lease[];
  /** Grows with every grant of this name, for ever. Renewals do not change it. Several locks have none in common: see {@link LeaseSet}. */
  readonly fencingToken: number;
  /** When it was granted, by the database's clock. */
  readonly acquiredAt: Date;
  /** Aborts when the lease is lost, with a {@link LeaseLostError} as its reason. A release does not abort it. */
  readonly signal: AbortSignal;
  /** Milliseconds for which the lease may still be believed in without a renewal; 0 when it is over. */
  readonly remainingMs: number;
  /** Whether the lock is this lease's at this moment: compared with the clock at every call, so that a process that slept past its lease knows at once. */
  readonly held: boolean;
  /** @throws {LeaseLostError} the lease is over */
  assertHeld(): void;
  /**
   * Makes sure that at least so much is left, and asks the database only if less is.
   *
   * @throws {LeaseLostError} the lease is over
   * @throws {LockStoreError} the database failed; the lease may still be held
   */
  ensure(duration: Duration): Promise<void>;
  /**
   * Makes the lease last so long from now, if it would not last as long anyway. Never past `maxHold`.
   *
   * @throws {LeaseLostError} the lease is over
   * @throws {LockStoreError} the database failed; the lease may still be held
   */
  extend(ttl: Duration): Promise<void>;
  /**
   * Runs `fn` in a transaction of the application's, and commits it only if nobody has taken the lock: what a stale holder wrote never lands.
   *
   * A lease whose time is over still passes as long as nobody has taken the lock, and then nobody takes it until the transaction has ended.
   * @throws what `fn` threw, unchanged, after the transaction was rolled back
   * @throws {LeaseLostError} somebody else has the lock, or it was released; everything was rolled back
   * @throws {TypeError} at once: the registry was made without Sequelize, or `options.transaction` is another Sequelize instance's; before `fn` runs: the database is SQLite's in memory
   * @throws Sequelize's own error where the transaction failed to begin or to commit
   */
  transaction<T>(fn: (transaction: Transaction) => T | PromiseLike<T>): Promise<T>;
  transaction<T>(options: TransactionOptions, fn: (transaction: Transaction) => T | PromiseLike<T>): Promise<T>;
  /**
   * The same check for a transaction that the caller manages: to be called last, just before its COMMIT.
   *
   * @throws {LeaseLostError} somebody else has the lock, or it was released; roll back
   * @throws {LockStoreError} the database failed; roll back
   * @throws {TypeError} another Sequelize instance's transaction, or the database is SQLite's in memory
   */
  fence(transaction: Transaction): Promise<void>;
  /** Lets go, once; further calls get the same answer. False: it had been lost already. Never rejects: a failed release is an event, and the lease ends by itself. */
  release(): Promise<boolean>;
}

/** What {@link Lease.transaction} is called with. */
export type TransactionArguments<T> = readonly [
  ...options: [] | [TransactionOptions],
  fn: (transaction: Transaction) => T | PromiseLike<T>,
];

export function transactionArguments<T>(
  args: TransactionArguments<T>,
): [options: TransactionOptions, fn: (transaction: Transaction) => T | PromiseLike<T>] {
  return args.length === 1 ? [{}, args[0]] : [args[0], args[1]];
}
