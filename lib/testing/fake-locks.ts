import type { Finding } from '../contracts/examination.js';
import { giveUp } from '../contracts/polling-policy.js';
import { LockBusyError, LockTimeoutError } from '../core/errors.js';
import type { Health } from '../engine/health.js';
import type { Lease } from '../engine/lease.js';
import { type LockNames, locksOf } from '../engine/lock-engine.js';
import type { LockInfo } from '../engine/lock-info.js';
import { lockOptions, type LockOptions, type RunOptions, runOptions, type Terms, termsOf } from '../engine/options.js';
import { EXECUTION_SKIPPED } from '../engine/run-locked.js';
import { runUnder } from '../engine/run-under.js';
import { LockRegistry, type SkipResult } from '../lock-registry.js';
import { FakeLease, together } from './fake-lease.js';

/** A lock that was asked for. `withLock` and `@Locked` show as `run`. */
export interface FakeCall {
  readonly method: 'acquire' | 'tryAcquire' | 'run';
  /** Each once and in order, as they are taken. */
  readonly names: readonly string[];
  readonly options: RunOptions | undefined;
}

/**
 * A registry for unit tests of code that takes locks. It never waits and knows no database: every lock is free, at once and for anybody,
 * unless its name is in {@link busy}. What it does not do is exclude.
 *
 * Names and options are checked as the real one does, leases are held until they are released, and `forceRelease` makes a holder lose its
 * lease at once.
 *
 * @example
 * const locks = new FakeLocks();
 * locks.busy.add('nightly');
 * await new Reports(locks).nightly(); // skipped
 */
export class FakeLocks extends LockRegistry {
  /** Names of locks that somebody else holds: who would skip skips, and who would wait gets a `LockTimeoutError` at once. */
  readonly busy = new Set<string>();
  /** Every lock that was asked for, in order. */
  readonly calls: FakeCall[] = [];
  readonly #held = new Set<FakeLease>();
  #granted = 0;

  constructor() {
    super(nowhere);
  }

  override async acquire(name: LockNames, options?: LockOptions): Promise<Lease> {
    const { names, terms } = this.#asked('acquire', name, options);
    this.#refuseBusy(names, terms);
    return Promise.resolve(this.#grant(names, terms));
  }

  override async tryAcquire(name: LockNames, options?: LockOptions): Promise<Lease | undefined> {
    const { names, terms } = this.#asked('tryAcquire', name, options);
    return Promise.resolve(this.#busyAmong(names) === undefined ? this.#grant(names, terms) : undefined);
  }

  override async run<T, const O extends RunOptions | undefined = undefined>(
    name: LockNames,
    body: (lease: Lease) => T | PromiseLike<T>,
    options?: O,
  ): Promise<T | SkipResult<O>> {
    const { names, terms } = this.#asked('run', name, options);
    if (terms.onBusy === 'skip' && this.#busyAmong(names) !== undefined) {
      // The symbol comes with onBusy: 'skip' alone.
      return EXECUTION_SKIPPED as SkipResult<O>;
    }
    this.#refuseBusy(names, terms);
    return runUnder(this, this.#grant(names, terms), terms.onLost, body);
  }

  override async inspect(name: string): Promise<LockInfo | undefined> {
    return (await this.list()).find((info) => info.name === name);
  }

  override async list(): Promise<LockInfo[]> {
    const elsewhere = [...this.busy].map((name) => infoOf(name, 'somebody else', '', 0));
    const here = [...this.#held].map(({ name, label, fencingToken }) => infoOf(name, 'FakeLocks', label, fencingToken));
    return Promise.resolve([...elsewhere, ...here]);
  }

  /** Takes the lock from whoever has it: a lease given out here is lost at once, its signal aborts, and it is `busy` no more. */
  override async forceRelease(name: string): Promise<boolean> {
    const holders = [...this.#held].filter((lease) => lease.name === name);
    for (const lease of holders) lease.lose('revoked');
    const wasBusy = this.busy.delete(name);
    return Promise.resolve(wasBusy || holders.length > 0);
  }

  /** 0: there are no rows. */
  override async prune(): Promise<number> {
    return Promise.resolve(0);
  }

  /** Does nothing. */
  override async createTable(): Promise<void> {
    return Promise.resolve();
  }

  /** All is well, at once. */
  override async check(): Promise<Health> {
    return Promise.resolve({ ok: true, latencyMs: 0 });
  }

  /** Finds nothing. */
  override async doctor(): Promise<readonly Finding[]> {
    return Promise.resolve([]);
  }

  #asked(method: FakeCall['method'], name: LockNames, options: RunOptions | undefined): { names: readonly string[]; terms: Terms } {
    // It takes what the real one takes, so that a misplaced option shows in the tests.
    const terms = termsOf({ polling: () => giveUp }, options, method === 'run' ? runOptions : lockOptions);
    const names = locksOf(name).map((lock) => lock.name);
    this.calls.push({ method, names, options });
    return { names, terms };
  }

  #busyAmong(names: readonly string[]): string | undefined {
    return names.find((name) => this.busy.has(name));
  }

  #refuseBusy(names: readonly string[], { onBusy }: Terms): void {
    const busy = this.#busyAmong(names);
    if (busy !== undefined) throw onBusy === 'fail' ? new LockBusyError(busy) : new LockTimeoutError(busy, 0);
  }

  #grant(names: readonly string[], { label, ttlMs }: Terms): Lease {
    const leases = names.map((name) => new FakeLease(name, ++this.#granted, label, ttlMs, (lease) => void this.#held.delete(lease)));
    for (const lease of leases) this.#held.add(lease);
    return together(leases);
  }
}

function infoOf(name: string, holder: string, label: string, fencingToken: number): LockInfo {
  const at = new Date(fencingToken);
  return { name, holder, label, fencingToken, acquiredAt: at, expiresAt: at, releasedAt: undefined, revoked: false, waiters: 0 };
}

/** In the shape of a pool, so that a registry can be made of it; a method that nothing here replaces would say so. */
const nowhere = {
  options: {},
  idleCount: 0,
  query: () => Promise.reject(new Error('FakeLocks have no database.')),
  Client: class {
    on(): void {
      // It never fails later: it cannot be connected.
    }

    connect(): Promise<never> {
      return Promise.reject(new Error('FakeLocks have no database.'));
    }
  },
};
