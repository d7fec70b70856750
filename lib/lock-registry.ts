import { EventHub, type LockListener } from './adapters/event-hub.js';
import { beforeProcessEnds } from './adapters/exit-hook.js';
import { processIdentity } from './adapters/process-identity.js';
import { systemClock } from './adapters/system-clock.js';
import { systemRandom } from './adapters/system-random.js';
import type { Clock } from './contracts/clock.js';
import type { Dialect } from './contracts/dialect.js';
import type { Finding } from './contracts/examination.js';
import type { LockEventName } from './contracts/observer.js';
import type { Session } from './contracts/session.js';
import { type Duration, parseDuration } from './core/duration.js';
import { encodeName } from './core/lock-name.js';
import { callable, count, flag, policy, rejectUnknown } from './core/option-checks.js';
import { parseTableName, type TableName } from './core/table-name.js';
import type { Health } from './engine/health.js';
import type { Lease } from './engine/lease.js';
import { LockEngine, type LockNames } from './engine/lock-engine.js';
import { type LockInfo, toLockInfo } from './engine/lock-info.js';
import { prepareTable } from './engine/lock-table.js';
import {
  lockOptions,
  type LockOptions,
  operatorText,
  registryOptions,
  type RegistryOptions,
  type RunOptions,
  type TermDefaults,
  termOptions,
  type Terms,
  termsOf,
} from './engine/options.js';
import { type EXECUTION_SKIPPED, runLocked } from './engine/run-locked.js';
import { registryBrand } from './is-lock-registry.js';
import { dialectOf, type LockSource, sessionOf, transactionsOf } from './lock-source.js';
import { exponentialPolling, transientRetry } from './policies/index.js';
import { notifications } from './wakers/index.js';
import { type NameOf, wrapped } from './with-lock.js';

/** What a call resolves to besides its body's result: the symbol, where it may be skipped. */
export type SkipResult<O extends RunOptions | undefined> = O extends { readonly onBusy: 'skip' } ? typeof EXECUTION_SKIPPED : never;

/**
 * Hands out leases on named locks, kept in one table of the application's database.
 *
 * Nothing is sent before the first lock is asked for. Statements run on a few connections of the registry's own, never in the
 * application's transactions.
 *
 * @example
 * const locks = new LockRegistry(sequelize, { ttl: '30s', wait: '5m' });
 * await locks.run('nightly-report', (lease) => writeReport({ signal: lease.signal }));
 */
export class LockRegistry {
  readonly [registryBrand] = true;
  readonly #table: TableName;
  readonly #create: boolean;
  readonly #dialect: Dialect;
  readonly #session: Session;
  readonly #events = new EventHub(this);
  readonly #engine: LockEngine;
  readonly #defaults: TermDefaults;
  readonly #terms: Terms;
  #closing: Promise<void> | undefined;
  #removeExitHook: (() => void) | undefined;

  /**
   * @param source a Sequelize instance, or a `pg.Pool`
   * @throws {TypeError} an unknown dialect or option, or a value of the wrong kind
   * @throws {RangeError} a value outside its bounds
   */
  constructor(source: LockSource, options: RegistryOptions = {}) {
    rejectUnknown(options, registryOptions);
    const clock = clockOf(options.clock);
    const table = parseTableName(options.table ?? 'distributed_lock');
    this.#table = table;
    this.#create = flag('create', options.create, true);
    this.#defaults = defaultsOf(options);
    this.#terms = termsOf(this.#defaults);
    this.#dialect = dialectOf(source, options.dialect);
    this.#session = sessionOf(source, this.#dialect, clock, options.connections ?? {});
    this.#engine = new LockEngine({
      session: this.#session,
      transactions: transactionsOf(source, this.#dialect),
      classify: (error, sent) => this.#dialect.driver.classify(error, sent),
      statements: this.#dialect.statements(table),
      retry: policy('retry', options.retry ?? transientRetry()),
      waker: policy('waker', options.waker ?? notifications()),
      clock,
      observer: this.#events,
      random: callable('random', options.random ?? systemRandom),
      holder: operatorText('holder', options.holder ?? processIdentity()),
      maxWaiting: count('maxWaiting', options.maxWaiting ?? Infinity, 0),
      fairnessMs: parseDuration('fairness', options.fairness ?? 20),
      terms: this.#terms,
      prepareTable: (store) => prepareTable(store, table, this.#create),
    });
    if (flag('closeOnExit', options.closeOnExit, false)) this.#removeExitHook = beforeProcessEnds(() => this.close());
  }

  /**
   * Waits until nobody else holds `name`, then holds it until the lease is released or lost. Several names are taken all or none.
   *
   * Owners are told apart by lease, not by process: a second call from the same process waits too.
   *
   * @param name any text up to 1,024 bytes of UTF-8, compared byte for byte
   * @throws {LockTimeoutError} still held elsewhere after `wait`
   * @throws {LockDeadlockError} the running async context holds it itself
   * @throws {LockBusyError} `maxWaiting` callers wait already
   * @throws {LockStoreError} the database failed and the retry policy gave up
   * @throws {LockTableError} the lock table is missing or somebody else's
   * @throws {LockRegistryClosedError} the registry was closed
   * @throws the reason of `signal`, once that aborts; a lock granted meanwhile is given back
   */
  async acquire(name: LockNames, options?: LockOptions): Promise<Lease> {
    return this.#engine.acquire(name, this.#termsOf(options, lockOptions));
  }

  /**
   * Asks once: the lease, or `undefined` while somebody else holds it, stands in line for it or is faster at its row every time. `wait` is of no effect.
   *
   * @throws as {@link acquire} does, but for time-outs and deadlocks
   */
  async tryAcquire(name: LockNames, options?: LockOptions): Promise<Lease | undefined> {
    return this.#engine.tryAcquire(name, this.#termsOf(options, lockOptions));
  }

  /**
   * Runs `body` under the lock and resolves with what it returned. Released whatever happens.
   *
   * @returns `EXECUTION_SKIPPED` with `onBusy: 'skip'` while somebody else holds the lock
   * @throws what `body` threw, unchanged
   * @throws {LeaseLostError} the lease was lost under a body that resolved; what it returned is in `result`
   * @throws {LockBusyError} with `onBusy: 'fail'` while somebody else holds the lock
   * @throws as {@link acquire} does
   */
  async run<T, const O extends RunOptions | undefined = undefined>(
    name: LockNames,
    body: (lease: Lease) => T | PromiseLike<T>,
    options?: O,
  ): Promise<T | SkipResult<O>> {
    if (typeof body !== 'function') throw new TypeError(`run() needs a function to run; got ${typeof body}.`);
    const result = await runLocked(this.#engine, this.#events, name, this.#termsOf(options), body);
    // The symbol comes with onBusy: 'skip' alone.
    return result as T | SkipResult<O>;
  }

  /**
   * `fn` under the lock, of this registry: see the function of the same name.
   *
   * @throws {TypeError} {RangeError} at once: an empty name or list, a wrong option, or `fn` is not a function
   */
  withLock<This, A extends unknown[], R, const O extends RunOptions | undefined = undefined>(
    name: NameOf<This, A>,
    fn: (this: This, ...args: A) => R,
    options?: O,
  ): (this: This, ...args: A) => Promise<Awaited<R> | SkipResult<O>> {
    this.#termsOf(options);
    return wrapped(name, fn, () => this, options);
  }

  /**
   * Who holds `name`; `undefined` while it is free.
   *
   * @throws {TypeError} {RangeError} not a name
   * @throws {LockStoreError} the database failed
   */
  async inspect(name: string): Promise<LockInfo | undefined> {
    const key = encodeName(name);
    const [view] = await this.#engine.operate('list', (statements) => statements.list(key), name);
    return view && toLockInfo(view);
  }

  /**
   * Every lock that is held, or rests, now.
   *
   * @throws {LockStoreError} the database failed
   */
  async list(): Promise<LockInfo[]> {
    return (await this.#engine.operate('list', (statements) => statements.list())).map(toLockInfo);
  }

  /**
   * Takes a lock away. By default it *revokes*: no renewal is accepted any more, so the lock is free when the lease ends and exclusion is kept.
   * With `now: true` it is free at once: until its next renewal the old holder does not know, and only a fence keeps its writes out.
   *
   * @returns whether anybody held it
   * @throws {TypeError} {RangeError} not a name, or a wrong option
   * @throws {LockStoreError} the database failed
   */
  async forceRelease(name: string, options: { readonly now?: boolean } = {}): Promise<boolean> {
    rejectUnknown(options, ['now']);
    const key = encodeName(name);
    const { claimMs } = this.#terms;
    return flag('now', options.now, false)
      ? this.#engine.operate('free', (statements) => statements.free(key, Math.ceil(claimMs)), name)
      : this.#engine.operate('revoke', (statements) => statements.revoke(key), name);
  }

  /**
   * Deletes the rows of locks that have been free for `idleFor`. Tokens stay above all that were handed out.
   *
   * @returns how many
   * @throws {TypeError} {RangeError} a wrong `idleFor`
   * @throws {LockStoreError} the database failed
   */
  async prune(options: { readonly idleFor?: Duration } = {}): Promise<number> {
    rejectUnknown(options, ['idleFor']);
    const { idleFor = '7d' } = options;
    const idleMs = Math.ceil(parseDuration('idleFor', idleFor, { max: Number.MAX_SAFE_INTEGER }));
    return this.#engine.operate('prune', (statements) => statements.prune(idleMs));
  }

  /**
   * Makes the lock table, and its schema, where they are missing. Any number of processes may do so at once.
   *
   * @throws {LockTableError} a table of that name is there and is not a lock table
   */
  async createTable(): Promise<void> {
    await this.#engine.createTable(this.#table);
  }

  /** The SQL that makes the lock table, for a migration. */
  createTableSql(): string {
    return this.#dialect.statements(this.#table).createSql();
  }

  /**
   * Reads the server's settings and the lock table, and says what they put at risk: risks first, then advice. Nothing found: an empty list.
   *
   * Changes nothing: a table that is missing is a finding, and is not made. Where the server can notify, it listens on one connection more for
   * a moment, up to 1 s where a pooler swallows notifications. What is not to be seen from a connection (a provider's replication, say) it cannot know.
   *
   * @throws {LockStoreError} the database failed, or is of a version that keeps no locks
   * @throws {LockRegistryClosedError} the registry was closed
   *
   * @example
   * const risks = (await locks.doctor()).filter(({ level }) => level === 'risk');
   */
  async doctor(): Promise<readonly Finding[]> {
    return this.#engine.doctor(this.#table, this.#create);
  }

  /**
   * Whether locks can be used now: for the health endpoint of a service. It renews a lease that nobody has, which needs all that a held lease needs
   * (a connection, the table, a server that takes writes, the right to write), changes nothing and waits for no lock. Makes the table where its
   * first use would.
   *
   * What the database does or does not answer is in the result: it never rejects for that, and answers within `timeout` (1 s).
   *
   * @throws {TypeError} {RangeError} a wrong `timeout`
   *
   * @example
   * const health = await locks.check({ timeout: '500ms' });
   * if (!health.ok) console.error(`no locks after ${health.latencyMs} ms`, health.error);
   */
  async check(options: { readonly timeout?: Duration } = {}): Promise<Health> {
    rejectUnknown(options, ['timeout']);
    return this.#engine.check(parseDuration('timeout', options.timeout ?? 1_000, { min: 1, max: LONGEST_CHECK_MS }));
  }

  /**
   * Calls `listener` at every `event`; what it throws becomes a process warning.
   *
   * @throws {TypeError} there is no such event
   */
  on<E extends LockEventName>(event: E, listener: LockListener<E>): this {
    this.#events.on(event, listener);
    return this;
  }

  /** Takes back what {@link on} did. */
  off<E extends LockEventName>(event: E, listener: LockListener<E>): this {
    this.#events.off(event, listener);
    return this;
  }

  /**
   * Takes no new work, refuses who waits, lets holders finish, aborts the signals of those still at it when `grace` (5 s) is over,
   * releases what is left and closes the connections. Settles even where the database does not answer.
   *
   * @throws {TypeError} {RangeError} at once: a wrong `grace`
   */
  close(options: { readonly grace?: Duration } = {}): Promise<void> {
    rejectUnknown(options, ['grace']);
    const graceMs = parseDuration('grace', options.grace ?? 5_000);
    return (this.#closing ??= this.#close(graceMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(graceMs: number): Promise<void> {
    this.#removeExitHook?.();
    await this.#engine.close(graceMs);
    await this.#session.close(LAST_WORD_MS);
  }

  #termsOf(options: RunOptions | undefined, known?: readonly string[]): Terms {
    return options === undefined ? this.#terms : termsOf(this.#defaults, options, known);
  }
}

const LONGEST_CHECK_MS = 60_000;

/** What idle connections may take to say goodbye. */
const LAST_WORD_MS = 100;

/** @throws {TypeError} not a clock */
function clockOf(given: Clock = systemClock): Clock {
  if (typeof (given as Partial<Clock> | null)?.now !== 'function')
    throw new TypeError('Option "clock" must be a Clock, such as the `ManualClock` of the package\'s `testing`.');
  return given;
}

/** What of a registry's options is every call's default. */
function defaultsOf(options: RegistryOptions): TermDefaults {
  const given = Object.entries(options).filter(([option, value]) => termOptions.includes(option) && value !== undefined);
  return { polling: exponentialPolling(), ...Object.fromEntries(given) };
}
