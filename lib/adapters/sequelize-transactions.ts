import { QueryTypes, type Sequelize } from 'sequelize';
import type { Dialect } from '../contracts/dialect.js';
import type { Row } from '../contracts/session.js';
import type { TransactionEnd, Transactions } from '../contracts/transactions.js';

/** Sequelize's own transactions, on connections of the application's pool. */
export function sequelizeTransactions(sequelize: Sequelize, { driver, transactionDefaults }: Dialect): Transactions {
  return {
    // Sequelize takes the words for which its types have enumerations.
    run: (options, fn) => sequelize.transaction({ ...(transactionDefaults as object), ...options }, fn),

    check(transaction) {
      const known = transaction as unknown as OfSequelize | undefined;
      if (known?.sequelize !== sequelize)
        throw new TypeError('A fence needs a transaction of the Sequelize instance that its lock registry was made with.');
      const reason = driver.unfenceable?.(known.connection);
      if (reason !== undefined) throw new TypeError(reason);
    },

    query: (transaction, { text, values }) =>
      sequelize.query<Row>(text, { bind: [...values], transaction, type: QueryTypes.SELECT }).catch((error: unknown) => {
        throw driverErrorOf(error);
      }),

    // Its hooks tell of commits alone, and not of how a commit failed.
    onEnd(transaction, ended) {
      const [commit, rollback] = [transaction.commit.bind(transaction), transaction.rollback.bind(transaction)];
      transaction.commit = () => told(commit(), 'committed', endOf, ended);
      // Without a COMMIT nothing lands, whatever became of the ROLLBACK.
      transaction.rollback = () => told(rollback(), 'rolled-back', () => 'rolled-back', ended);
    },
  };

  function endOf(error: unknown): TransactionEnd {
    return driver.classify(driverErrorOf(error), true).outcome === 'unknown' ? 'unknown' : 'rolled-back';
  }
}

/** What the types of Sequelize do not show. */
interface OfSequelize {
  readonly sequelize: Sequelize;
  readonly connection: unknown;
}

async function told(
  ending: Promise<void>,
  success: TransactionEnd,
  failure: (error: unknown) => TransactionEnd,
  ended: (how: TransactionEnd) => void,
): Promise<void> {
  try {
    await ending;
    ended(success);
  } catch (error) {
    ended(failure(error));
    throw error;
  }
}

const driverErrorOf = (error: unknown) => (error as { readonly original?: unknown }).original ?? error;
