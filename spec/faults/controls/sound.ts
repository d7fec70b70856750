import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { LockOrders, TestedLease, TestedLock } from '../locks/tested-lock.js';

/** What a statement gave: `until` is the end of belief, by `performance.now()`. */
export interface Taken {
  readonly owner: string;
  readonly token: number;
  readonly until: number;
}

const POLL_MS = 10;
const MARGIN_MS = 20;
/** The database's clock in milliseconds. */
export const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

/**
 * The simplest lock that keeps its promises: one conditional statement to take it and one to free it, the database's clock, belief that
 * counts from before the request. Nothing may be found against it. Each of the other controls breaks one of these rules.
 */
export class Sound implements TestedLock {
  protected readonly pool: pg.Pool;
  protected readonly ttlMs: number;
  protected readonly skewMs: number;

  constructor({ url, ttlMs, skewMs }: LockOrders) {
    this.pool = new pg.Pool({ connectionString: url, max: 3 });
    this.pool.on('error', () => undefined);
    this.ttlMs = ttlMs;
    this.skewMs = skewMs;
  }

  async prepare(lock: string): Promise<void> {
    await this.pool.query(`DO $$ BEGIN PERFORM pg_advisory_xact_lock(1);
      CREATE TABLE IF NOT EXISTS control (name text PRIMARY KEY, owner text, token bigint NOT NULL, expires_at bigint NOT NULL);
      CREATE SEQUENCE IF NOT EXISTS control_token; END $$`);
    await this.pool.query(`INSERT INTO control VALUES ($1, NULL, 0, 0) ON CONFLICT DO NOTHING`, [lock]);
  }

  async acquire(lock: string, waitMs: number): Promise<TestedLease> {
    const endMs = performance.now() + waitMs;
    while (performance.now() < endMs) {
      const lease = await this.tryAcquire(lock);
      if (lease) return lease;
      await sleep(POLL_MS);
    }
    const error = new Error('still held');
    error.name = 'LockTimeoutError';
    throw error;
  }

  async run(lock: string, waitMs: number, body: (lease: TestedLease) => void): Promise<void> {
    const lease = await this.acquire(lock, waitMs);
    try {
      body(lease);
    } finally {
      await lease.release();
    }
  }

  async tryAcquire(lock: string): Promise<TestedLease | undefined> {
    const taken = await this.take(lock);
    return taken && new ControlLease(taken, () => this.free(lock, taken));
  }

  onRenewed(): void {
    // Controls do not renew.
  }

  async hasRow(): Promise<undefined> {
    // Where no row is kept for a lease there is nothing to compare.
  }

  async rolledBack(body: () => Promise<void>): Promise<void> {
    await body();
  }

  async exhaust(): Promise<void> {
    // There is no application beside it.
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  protected async take(lock: string): Promise<Taken | undefined> {
    const [owner, sent] = [randomUUID(), performance.now()];
    const token = await this.tokenOf(
      `UPDATE control SET owner = $2, token = token + 1, expires_at = ${NOW} + $3 WHERE name = $1 AND expires_at <= ${NOW} RETURNING token`,
      [lock, owner, this.ttlMs],
    );
    return token === undefined ? undefined : { owner, token, until: sent + this.ttlMs - MARGIN_MS };
  }

  protected async free(lock: string, { owner }: Taken): Promise<boolean> {
    const { rowCount } = await this.pool.query('UPDATE control SET owner = NULL, expires_at = 0 WHERE name = $1 AND owner = $2', [
      lock,
      owner,
    ]);
    return rowCount === 1;
  }

  /** The token that the statement returns, if it returns a row. */
  protected async tokenOf(text: string, values: readonly unknown[]): Promise<number | undefined> {
    const { rows } = await this.pool.query<{ token: string }>(text, [...values]);
    return rows[0] && Number(rows[0].token);
  }
}

class ControlLease implements TestedLease {
  readonly fencingToken: number;
  readonly #controller = new AbortController();
  readonly #until: number;
  readonly #free: () => Promise<boolean>;

  constructor({ token, until }: Taken, free: () => Promise<boolean>) {
    this.fencingToken = token;
    this.#until = until;
    this.#free = free;
    setTimeout(() => this.#controller.abort(new Error('over')), Math.max(0, until - performance.now())).unref();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get remainingMs(): number {
    return Math.max(0, this.#until - performance.now());
  }

  get held(): boolean {
    return this.remainingMs > 0;
  }

  release(): Promise<boolean> {
    return this.#free();
  }
}
