import type { Transaction, TransactionOptions } from 'sequelize';
import type { Driver } from '../contracts/driver.js';
import type { Transactions } from '../contracts/transactions.js';
import { statementTimeout } from '../core/deadline.js';
import { LeaseLostError, LockStoreError, type LossReason } from '../core/errors.js';
import type { HeldLease } from './held-lease.js';
import type { Store } from './store.js';

/** The application's side of the database: what a fence needs that locks themselves do not. */
export interface FenceSettings {
  /** `undefined` where the registry was made without Sequelize. */
  readonly transactions: Transactions | undefined;
  readonly classify: Driver['classify'];
}

/**
 * Ties the application's transactions to leases: the last statement before COMMIT finds the row's owner to be the lease and locks it against
 * take-over, or everything is rolled back. A lease whose time is over passes as long as nobody has taken its lock.
 */
export class Fences {
  readonly #store: Store;
  readonly #settings: FenceSettings;

  constructor(store: Store, settings: FenceSettings) {
    this.#store = store;
    this.#settings = settings;
  }

  /** See {@link Lease.transaction}. */
  async transaction<T>(
    leases: readonly HeldLease[],
    options: TransactionOptions,
    fn: (transaction: Transaction) => T | PromiseLike<T>,
  ): Promise<T> {
    if (typeof fn !== 'function') throw new TypeError(`transaction() needs a function to run; got ${typeof fn}.`);
    const transactions = this.#transactions();
    if (options.transaction) transactions.check(options.transaction);
    for (const lease of leases) lease.assertHeld();
    return transactions.run(options, async (transaction) => {
      transactions.check(transaction);
      const result = await fn(transaction);
      await this.fence(leases, transaction);
      return result;
    });
  }

  /** See {@link Lease.fence}. */
  async fence(leases: readonly HeldLease[], transaction: Transaction): Promise<void> {
    const transactions = this.#transactions();
    transactions.check(transaction);
    for (const lease of leases) refuseOver(lease);
    const opened = leases.map((lease) => lease.fences.open());
    transactions.onEnd(transaction, (how) => {
      for (const end of opened) end(how);
    });
    const owners = await this.#ownersAmong(leases, transactions, transaction);
    for (const lease of leases) {
      if (!owners.includes(lease.holding.owner)) throw await this.#lossOf(lease);
    }
  }

  #transactions(): Transactions {
    const { transactions } = this.#settings;
    if (!transactions)
      throw new TypeError('Fenced transactions need a LockRegistry that was made with a Sequelize instance, not with a pool.');
    return transactions;
  }

  async #ownersAmong(leases: readonly HeldLease[], transactions: Transactions, transaction: Transaction): Promise<readonly string[]> {
    const stands = leases.map(({ holding: { key, owner }, fencingToken: token }) => ({ key, owner, token }));
    const { statement, read } = this.#store.statements.fence(stands);
    try {
      return read(await transactions.query(transaction, statement));
    } catch (error) {
      // What fails for a moment may do so because somebody took the lock since the transaction began; if not, it is the caller's to try again.
      if (!this.#settings.classify(error, true).transient) throw new LockStoreError(leases[0]?.name, 'fence', false, { cause: error });
      for (const lease of leases) {
        if ((await this.#reasonOf(lease)) !== undefined) throw await this.#lossOf(lease, error);
      }
      throw error;
    }
  }

  async #lossOf(lease: HeldLease, cause?: unknown): Promise<LeaseLostError> {
    const reason = (await this.#reasonOf(lease)) ?? 'taken';
    lease.lost(reason);
    return new LeaseLostError(lease.name, reason, lease.fencingToken, cause === undefined ? {} : { cause });
  }

  /** What a look shows, on a connection of the registry's own; `undefined` while the row names this lease. */
  async #reasonOf({ name, terms, holding: { key, owner } }: HeldLease): Promise<LossReason | undefined> {
    const { answer } = await this.#store.run({
      name: 'look',
      lockName: name,
      timeoutMs: statementTimeout(terms.ttlMs),
      remainingMs: () => 0,
      step: (statements) => statements.look([{ key, owner }]),
    });
    const [view] = answer;
    if (view?.place === 'mine') return undefined;
    return view?.occupant ? 'taken' : 'deleted';
  }
}

/** @throws {LeaseLostError} it was released, or lost to somebody. That its time was over says nothing: the row decides. */
function refuseOver(lease: HeldLease): void {
  if (lease.released) throw new LeaseLostError(lease.name, 'released', lease.fencingToken);
  if (lease.loss && lease.loss.reason !== 'expired' && lease.loss.reason !== 'unreachable') throw lease.loss;
}
