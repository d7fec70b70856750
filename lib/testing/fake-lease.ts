import type { Transaction } from 'sequelize';
import { LeaseLostError, type LossReason } from '../core/errors.js';
import type { Fences } from '../engine/fences.js';
import type { HeldLease } from '../engine/held-lease.js';
import { type Lease, type TransactionArguments, transactionArguments } from '../engine/lease.js';
import { LeaseSet } from '../engine/lease-set.js';

/** What a {@link FakeLocks} gives out: held until it is released or told that it is lost. */
export class FakeLease implements Lease {
  readonly #controller = new AbortController();
  readonly #ttlMs: number;
  readonly #onEnd: (lease: FakeLease) => void;
  #lost: LeaseLostError | undefined;
  #released = false;

  constructor(
    readonly name: string,
    readonly fencingToken: number,
    readonly label: string,
    ttlMs: number,
    onEnd: (lease: FakeLease) => void,
  ) {
    this.#ttlMs = ttlMs;
    this.#onEnd = onEnd;
  }

  get leases(): readonly [this] {
    return [this];
  }

  /** As many milliseconds after the beginning of 1970 as its token says: the same in every run. */
  get acquiredAt(): Date {
    return new Date(this.fencingToken);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get held(): boolean {
    return !this.#released && !this.#lost;
  }

  /** The whole ttl for as long as it is held: no time passes for it. */
  get remainingMs(): number {
    return this.held ? this.#ttlMs : 0;
  }

  assertHeld(): void {
    if (this.#lost) throw this.#lost;
    if (this.#released) throw new LeaseLostError(this.name, 'released', this.fencingToken);
  }

  async ensure(): Promise<void> {
    this.assertHeld();
    return Promise.resolve();
  }

  async extend(): Promise<void> {
    this.assertHeld();
    return Promise.resolve();
  }

  async transaction<T>(...args: TransactionArguments<T>): Promise<T> {
    return fakeFences.transaction([this], ...transactionArguments(args));
  }

  async fence(): Promise<void> {
    return fakeFences.fence([this]);
  }

  async release(): Promise<boolean> {
    this.#released = true;
    this.#onEnd(this);
    return Promise.resolve(!this.#lost);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  lose(reason: LossReason): void {
    this.#lost ??= new LeaseLostError(this.name, reason, this.fencingToken);
    this.#onEnd(this);
    this.#controller.abort(this.#lost);
  }
}

/** One lease, or the set of several. */
export function together(leases: readonly FakeLease[]): Lease {
  const [only, ...others] = leases;
  if (only && others.length === 0) return only;
  // A set asks of its leases what every Lease has, and gives them to its fences, which are the fakes' own.
  return new LeaseSet(leases as unknown as readonly HeldLease[], fakeFences as unknown as Fences);
}

/** Compares nothing with any database: whether the leases are held is all that they know. */
const fakeFences = {
  async transaction<T>(leases: readonly FakeLease[], _options: unknown, fn: (transaction: Transaction) => T | PromiseLike<T>): Promise<T> {
    for (const lease of leases) lease.assertHeld();
    // There is no database to begin it in. What is given a transaction in a unit test is a double as well.
    const result = await fn({} as unknown as Transaction);
    await fakeFences.fence(leases);
    return result;
  },

  async fence(leases: readonly FakeLease[]): Promise<void> {
    for (const lease of leases) lease.assertHeld();
    return Promise.resolve();
  },
};
