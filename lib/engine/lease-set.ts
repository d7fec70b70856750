import { firstOf } from '../core/abort.js';
import type { Duration } from '../core/duration.js';
import type { Fences } from './fences.js';
import type { HeldLease } from './held-lease.js';
import { type Lease, type TransactionArguments, transactionArguments } from './lease.js';
import type { Transaction } from 'sequelize';

/** Several locks held together: all of them or none. Held as long as each of them is. */
export class LeaseSet implements Lease {
  /** The names, in the order in which they were taken, joined by a comma. */
  readonly name: string;
  readonly acquiredAt: Date;
  /** One for each name, in byte order. */
  readonly leases: readonly Lease[];
  readonly #held: readonly HeldLease[];
  readonly #fences: Fences;
  #signal: AbortSignal | undefined;

  constructor(leases: readonly HeldLease[], fences: Fences) {
    this.leases = this.#held = leases;
    this.#fences = fences;
    this.name = leases.map(({ name }) => name).join(', ');
    this.acquiredAt = new Date(Math.max(...leases.map((lease) => lease.acquiredAt.getTime())));
  }

  /** @throws {TypeError} always: each lease has a token of its own, in `leases` */
  get fencingToken(): number {
    throw new TypeError('Several locks have no common fencing token: use the token of each of `leases`.');
  }

  /** Aborts at the first loss. */
  get signal(): AbortSignal {
    return (this.#signal ??= firstOf(this.leases.map(({ signal }) => signal)));
  }

  get remainingMs(): number {
    return Math.min(...this.leases.map(({ remainingMs }) => remainingMs));
  }

  get held(): boolean {
    return this.leases.every(({ held }) => held);
  }

  assertHeld(): void {
    for (const lease of this.leases) lease.assertHeld();
  }

  async ensure(duration: Duration): Promise<void> {
    await Promise.all(this.leases.map((lease) => lease.ensure(duration)));
  }

  async extend(ttl: Duration): Promise<void> {
    await Promise.all(this.leases.map((lease) => lease.extend(ttl)));
  }

  /** Commits only if nobody has taken any of the locks. */
  transaction<T>(...args: TransactionArguments<T>): Promise<T> {
    const [options, fn] = transactionArguments(args);
    return this.#fences.transaction(this.#held, options, fn);
  }

  fence(transaction: Transaction): Promise<void> {
    return this.#fences.fence(this.#held, transaction);
  }

  /** In reverse order; false if any of them had been lost. */
  async release(): Promise<boolean> {
    let all = true;
    for (const lease of this.leases.toReversed()) all = (await lease.release()) && all;
    return all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
