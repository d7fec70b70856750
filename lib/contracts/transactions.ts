import type { Transaction, TransactionOptions } from 'sequelize';
import type { Row, Statement } from './session.js';

/** How a transaction ended. `'unknown'`: its COMMIT was sent and not answered, so it may yet be carried out. */
export type TransactionEnd = 'committed' | 'rolled-back' | 'unknown';

/** The application's own transactions, on the database in which its locks are. */
export interface Transactions {
  /** Runs `fn` in one and commits; rolls back where `fn` rejects. */
  run<T>(options: TransactionOptions, fn: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** @throws {TypeError} not a transaction of this application's Sequelize, or one that does not reach the locks */
  check(transaction: Transaction): void;
  /** Runs a statement within one. Rejects with the driver's error. */
  query(transaction: Transaction, statement: Statement): Promise<readonly Row[]>;
  /** Calls `ended` when it has ended. */
  onEnd(transaction: Transaction, ended: (how: TransactionEnd) => void): void;
}

/** What a transaction is begun with, in Sequelize's words. */
export interface TransactionDefaults {
  readonly type?: 'DEFERRED' | 'IMMEDIATE' | 'EXCLUSIVE';
  readonly isolationLevel?: 'READ COMMITTED';
}
