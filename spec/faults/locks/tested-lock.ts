import type { Lease } from '../../../lib/index.js';

/** What is watched of a lease, the library's or a control's. */
export type TestedLease = Pick<Lease, 'fencingToken' | 'remainingMs' | 'held' | 'signal' | 'release'> & Partial<Pick<Lease, 'transaction'>>;

/** A lock under test: the library, or one that is broken on purpose. */
export interface TestedLock {
  /** Opens connections and makes what is missing, where that is not part of the test. */
  prepare(lock: string): Promise<void>;
  acquire(lock: string, waitMs: number): Promise<TestedLease>;
  /** Runs `body` under the lock, and has it released whatever happens. */
  run(lock: string, waitMs: number, body: (lease: TestedLease) => void): Promise<void>;
  tryAcquire(lock: string): Promise<TestedLease | undefined>;
  /** Calls `heard` with the token of each lease that was extended. */
  onRenewed(heard: (token: number) => void): void;
  /** Whether the row is this lease's at this moment; `undefined` where that cannot be told. */
  hasRow(lock: string, token: number): Promise<boolean | undefined>;
  /** Runs `body` in a transaction of the application's, which every query of the context joins, and rolls back. */
  rolledBack(body: () => Promise<void>): Promise<void>;
  /** Reads a number, waits for `meanwhile`, and writes one more, unguarded but for the lease's fenced transaction. @throws what that throws */
  fenced?(lock: string, lease: TestedLease, meanwhile: () => Promise<void>): Promise<void>;
  /** Takes all connections that the application has, for so long. */
  exhaust(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** How a lock is to be opened in a worker. */
export interface LockOrders {
  /** Through the proxy, where there is one. */
  readonly url: string;
  /** Past it. */
  readonly directUrl: string;
  readonly ttlMs: number;
  /** By how much the worker's wall clock is wrong, where a lock looks at it. */
  readonly skewMs: number;
}
