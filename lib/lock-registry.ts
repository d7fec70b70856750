import { EventHub, type LockListener } from './adapters/event-hub.js';
import { beforeProcessEnds } from './adapters/exit-hook.js';
import { processIdentity } from './adapters/process-identity.js';
import { systemClock } from './adapters/system-clock.js';
import { systemRandom } from './adapters/system-random.js';
import type { Clock } from './contracts/clock.js';
import type { Dialect, LockStatements, LockView, Step } from './contracts/dialect.js';
import type { LockEventName } from './contracts/observer.js';
import type { Session } from './contracts/session.js';
import type { WakerStrategy } from './contracts/waker.js';
import { type Duration, parseDuration } from './core/duration.js';
import { LockRegistryClosedError } from './core/errors.js';
import { decodeName, encodeName } from './core/lock-name.js';
import { parseTableName, type TableName } from './core/table-name.js';
import type { EngineParts } from './engine/engine-parts.js';
import { Janitor } from './engine/janitor.js';
import { Keeper } from './engine/keeper.js';
import type { Lease } from './engine/lease.js';
import type { LocalQueue } from './engine/local-queue.js';
import { LockEngine, type LockNames } from './engine/lock-engine.js';
import { checkExisting, createTable, prepareTable } from './engine/lock-table.js';
import { LoopTurns } from './engine/loop-turns.js';
import {
  count,
  flag,
  type LockOptions,
  operatorText,
  policy,
  registryOptions,
  type RegistryOptions,
  rejectUnknown,
  type RunOptions,
  type TermDefaults,
  termOptions,
  type Terms,
  termsOf,
} from './engine/options.js';
import { OwnerIds, registryId } from './engine/owner-ids.js';
import { type EXECUTION_SKIPPED, runLocked } from './engine/run-locked.js';
import { type StepName, Store } from './engine/store.js';
import { Watcher } from './engine/watcher.js';
import { dialectOf, type LockSource, sessionOf } from './lock-source.js';
import { exponentialPolling, transientRetry } from './policies/index.js';
import { notifications } from './wakers/index.js';
import { type NameOf, wrapped } from './with-lock.js';

/** A lock as operators see it. Times are the database's. */
export interface LockInfo {
  readonly name: string;
  /** The token last used, as of the last statement about the lock. */
  readonly fencingToken: number;
  readonly holder: string;
  readonly label: string;
  readonly acquiredAt: Date;
  readonly expiresAt: Date;
  /** Set while a released lock rests until its `minHold` is over: nobody holds it, and nobody can take it. */
  readonly releasedAt: Date | undefined;
  /** Processes that stand in line for it. */
  readonly waiters: number;
}

/** What a call resolves to besides its body's result: the symbol, where it may be skipped. */
export type SkipResult<O extends RunOptions | undefined> = O extends { readonly onBusy: 'skip' } ? typeof EXECUTION_SKIPPED : never;

// Known to every copy of the package in the process.
const registryBrand = Symbol.for('sequelize-distributed-lock.registry');

/** True for a registry, of this copy of the package or another one. */
export function isLockRegistry(value: unknown): value is LockRegistry {
  return typeof value === 'object' && value !== null && registryBrand in value;
}

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
  readonly #clock: Clock;
  readonly #events = new EventHub();
  readonly #session: Session;
  readonly #store: Store;
  readonly #parts: EngineParts;
  readonly #engine: LockEngine;
  readonly #queues = new Map<string, LocalQueue>();
  readonly #defaults: TermDefaults;
  readonly #dialect: Dialect;
  #closing: Promise<void> | undefined;
  #removeExitHook: (() => void) | undefined;

  /**
   * @param source a Sequelize instance, or a `pg.Pool`
   * @throws {TypeError} an unknown dialect or option, or a value of the wrong kind
   * @throws {RangeError} a value outside its bounds
   */
  constructor(source: LockSource, options: RegistryOptions = {}) {
    rejectUnknown(options, registryOptions);
    this.#defaults = defaultsOf(options);
    const terms = termsOf(this.#defaults);
    this.#table = parseTableName(options.table ?? 'distributed_lock');
    this.#create = flag('create', options.create, true);
    this.#clock = options.clock ?? systemClock;
    this.#dialect = dialectOf(source, options.dialect);
    this.#session = sessionOf(source, this.#dialect, this.#clock, options.connections ?? {});
    const random = options.random ?? systemRandom;
    this.#store = new Store({
      session: this.#session,
      statements: this.#dialect.statements(this.#table),
      retry: policy('retry', options.retry ?? transientRetry()),
      clock: this.#clock,
      random,
      prepareTable: (store) => prepareTable(store, this.#table, this.#create),
    });
    this.#parts = {
      store: this.#store,
      keeper: new Keeper(this.#store, this.#clock, this.#events, (holding, reason) => this.#queues.get(holding.key)?.lost(holding, reason)),
      janitor: new Janitor(this.#store, this.#clock, this.#events),
      ...this.#waiting(policy('waker', options.waker ?? notifications())),
      clock: this.#clock,
      turns: new LoopTurns(this.#clock),
      observer: this.#events,
      random,
      holder: operatorText('holder', options.holder ?? processIdentity()),
      maxWaiting: count('maxWaiting', options.maxWaiting ?? Infinity, 0),
      fairnessMs: parseDuration('fairness', options.fairness ?? 20),
      terms,
      forget: (queue) => void this.#queues.delete(queue.key),
    };
    this.#engine = new LockEngine(this.#parts, this.#queues);
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
    return this.#engine.acquire(name, this.#terms(options));
  }

  /**
   * Asks once: the lease, or `undefined` while somebody else holds it or stands in line for it. `wait` is of no effect.
   *
   * @throws as {@link acquire} does, but for time-outs and deadlocks
   */
  async tryAcquire(name: LockNames, options?: LockOptions): Promise<Lease | undefined> {
    return this.#engine.tryAcquire(name, this.#terms(options));
  }

  /**
   * Runs `body` under the lock and resolves with what it returned. Released whatever happens.
   *
   * @returns {@link EXECUTION_SKIPPED} with `onBusy: 'skip'` while somebody else holds the lock
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
    const result = await runLocked(this.#engine, this.#events, name, this.#terms(options), body);
    // The symbol comes with onBusy: 'skip' alone.
    return result as T | SkipResult<O>;
  }

  /**
   * `fn` under the lock, of this registry: see the function of the same name.
   *
   * @throws {TypeError} at once: an empty name or list, or `fn` is not a function
   */
  withLock<This, A extends unknown[], R, const O extends RunOptions | undefined = undefined>(
    name: NameOf<This, A>,
    fn: (this: This, ...args: A) => R,
    options?: O,
  ): (this: This, ...args: A) => Promise<Awaited<R> | SkipResult<O>> {
    return wrapped(name, fn, () => this, options);
  }

  /** Who holds `name`; `undefined` while it is free. */
  async inspect(name: string): Promise<LockInfo | undefined> {
    const [view] = await this.#operate('list', (statements) => statements.list(encodeName(name)), name);
    return view && toLockInfo(view);
  }

  /** Every lock that is held, or rests, now. */
  async list(): Promise<LockInfo[]> {
    return (await this.#operate('list', (statements) => statements.list())).map(toLockInfo);
  }

  /**
   * Takes a lock away. By default it *revokes*: no renewal is accepted any more, so the lock is free when the lease ends and exclusion is kept.
   * With `now: true` it is free at once: until its next renewal the old holder does not know, and only a fence keeps its writes out.
   *
   * @returns whether anybody held it
   */
  async forceRelease(name: string, { now = false }: { readonly now?: boolean } = {}): Promise<boolean> {
    const key = encodeName(name);
    const { claimMs } = this.#parts.terms;
    return now
      ? this.#operate('free', (statements) => statements.free(key, Math.ceil(claimMs)), name)
      : this.#operate('revoke', (statements) => statements.revoke(key), name);
  }

  /**
   * Deletes the rows of locks that have been free for `idleFor`. Tokens stay above all that were handed out.
   *
   * @returns how many
   */
  async prune({ idleFor = '7d' }: { readonly idleFor?: Duration } = {}): Promise<number> {
    const idleMs = Math.ceil(parseDuration('idleFor', idleFor, { max: Number.MAX_SAFE_INTEGER }));
    return this.#operate('prune', (statements) => statements.prune(idleMs));
  }

  /**
   * Makes the lock table, and its schema, where they are missing. Any number of processes may do so at once.
   *
   * @throws {LockTableError} a table of that name is there and is not a lock table
   */
  async createTable(): Promise<void> {
    await checkExisting(this.#store, this.#table);
    await createTable(this.#store);
  }

  /** The SQL that makes the lock table, for a migration. */
  createTableSql(): string {
    return this.#dialect.statements(this.#table).createSql();
  }

  /** Calls `listener` at every `event`; what it throws becomes a process warning. */
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
   */
  close({ grace = 5_000 }: { readonly grace?: Duration } = {}): Promise<void> {
    const graceMs = parseDuration('grace', grace);
    return (this.#closing ??= this.#close(graceMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(graceMs: number): Promise<void> {
    this.#removeExitHook?.();
    const { keeper, janitor, waker } = this.#parts;
    const endsMs = this.#clock.now().monotonicMs + graceMs;
    const leftMs = () => Math.max(LAST_WORD_MS, endsMs - this.#clock.now().monotonicMs);
    this.#engine.close();
    await this.#within(graceMs, keeper.empty());
    for (const holding of [...keeper.holdings]) {
      this.#queues.get(holding.key)?.lost(holding, 'closed');
      janitor.giveBack(holding, holding.owner, this.#parts.terms, holding.usedToken);
    }
    waker.close();
    await this.#within(leftMs(), janitor.close());
    await this.#session.close(leftMs());
  }

  /** Resolves with `work`, or after `ms` without it. */
  async #within(ms: number, work: Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(ms, resolve, true);
      void work.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** How waiters of this registry learn that it is their turn. */
  #waiting(strategy: WakerStrategy): Pick<EngineParts, 'watcher' | 'waker' | 'ids'> {
    const watcher = new Watcher(this.#store, this.#clock);
    const { listen } = this.#session;
    const registry = registryId(true);
    const waker = strategy({
      registry,
      clock: this.#clock,
      listen: listen && ((heard, broken) => listen(registry, { heard, broken }, OPERATOR_TIMEOUT_MS)),
      notify: (payload) => this.#store.notify(registry, payload, OPERATOR_TIMEOUT_MS),
      wake: (owner) => watcher.wake(owner),
      changed: (available, error) => {
        if (!available) this.#events.emit('failed', { lockName: undefined, step: 'listen', error });
      },
    });
    watcher.waker = waker;
    return { watcher, waker, ids: new OwnerIds(waker.listens ? registry : registryId(false)) };
  }

  #terms(options: RunOptions | undefined): Terms {
    return options === undefined ? this.#parts.terms : termsOf(this.#defaults, options);
  }

  async #operate<T>(name: StepName, step: (statements: LockStatements) => Step<T>, lockName?: string): Promise<T> {
    if (this.#closing) throw new LockRegistryClosedError(lockName);
    const { answer } = await this.#store.run({
      name,
      ...(lockName === undefined ? {} : { lockName }),
      timeoutMs: OPERATOR_TIMEOUT_MS,
      step,
    });
    return answer;
  }
}

const OPERATOR_TIMEOUT_MS = 5_000;
/** Longer than a release takes where the database answers. */
const LAST_WORD_MS = 100;

/** What of a registry's options is every call's default. */
function defaultsOf(options: RegistryOptions): TermDefaults {
  const given = Object.entries(options).filter(([option, value]) => termOptions.includes(option) && value !== undefined);
  return { polling: exponentialPolling(), ...Object.fromEntries(given) };
}

function toLockInfo({ key, token, holder, label, acquiredAt, expiresAt, releasedAt, waiters }: LockView): LockInfo {
  return {
    name: decodeName(key),
    fencingToken: token,
    holder,
    label,
    acquiredAt: new Date(acquiredAt),
    expiresAt: new Date(expiresAt),
    releasedAt: releasedAt === undefined ? undefined : new Date(releasedAt),
    waiters,
  };
}
