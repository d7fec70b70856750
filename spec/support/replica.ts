import type { WakerStrategy } from '../../lib/contracts/waker.js';
import type { EngineSettings } from '../../lib/engine/engine-parts.js';
import type { Lease } from '../../lib/engine/lease.js';
import { LockEngine, type LockNames } from '../../lib/engine/lock-engine.js';
import { prepareTable } from '../../lib/engine/lock-table.js';
import { type RunOptions, type TermDefaults, termsOf } from '../../lib/engine/options.js';
import { type EXECUTION_SKIPPED, runLocked } from '../../lib/engine/run-locked.js';
import { fixedPolling, transientRetry } from '../../lib/policies/index.js';
import type { ManualClock } from '../../lib/testing/manual-clock.js';
import { pollingOnly } from '../../lib/wakers/index.js';
import type { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { memoryStatements } from '../../lib/testing/memory-statements.js';
import { MemorySession } from './memory-session.js';
import { Recorder } from './recorder.js';

export interface ReplicaOptions extends Partial<TermDefaults>, Partial<Pick<EngineSettings, 'holder' | 'maxWaiting' | 'retry' | 'random'>> {
  /** Hand-overs are announced, and the waker says that this can be relied on. */
  readonly announced?: boolean;
  /** Its dialect has quick statements for locks that nobody else wants. */
  readonly quick?: boolean;
  /** Called when the waker is closed. */
  readonly wakerClosed?: () => void;
}

/** One process of a service: the engine as a registry makes it, on a database in memory. Looks every 200 ms where nothing is announced. */
export class Replica {
  readonly session: MemorySession;
  readonly events = new Recorder();
  readonly settings: EngineSettings;
  readonly engine: LockEngine;
  /** How often the waker was told to doubt itself. */
  doubts = 0;
  readonly #defaults: TermDefaults;

  constructor(database: MemoryDatabase, clock: ManualClock, options: ReplicaOptions = {}) {
    const {
      holder = 'replica',
      maxWaiting = Infinity,
      retry = transientRetry(),
      announced = false,
      random = () => 0.5,
      quick = false,
      wakerClosed,
      ...terms
    } = options;
    this.#defaults = { polling: fixedPolling(200), ...terms };
    this.session = new MemorySession(database, clock);
    this.settings = {
      session: this.session,
      transactions: undefined,
      classify: () => ({ outcome: 'unknown', transient: false }),
      statements: memoryStatements({ quick }),
      retry,
      waker: closing(announced ? this.#announcing(database) : pollingOnly(), wakerClosed),
      clock,
      observer: this.events,
      random,
      holder,
      maxWaiting,
      fairnessMs: 20,
      terms: termsOf(this.#defaults),
      prepareTable: (store) => prepareTable(store, { table: 'distributed_lock' }, true),
    };
    this.engine = new LockEngine(this.settings);
  }

  acquire(names: LockNames, options?: RunOptions): Promise<Lease> {
    return this.engine.acquire(names, termsOf(this.#defaults, options));
  }

  tryAcquire(names: LockNames, options?: RunOptions): Promise<Lease | undefined> {
    return this.engine.tryAcquire(names, termsOf(this.#defaults, options));
  }

  run<T>(names: LockNames, body: (lease: Lease) => T | PromiseLike<T>, options?: RunOptions): Promise<T | typeof EXECUTION_SKIPPED> {
    return runLocked(this.engine, this.events, names, termsOf(this.#defaults, options), body);
  }

  /** A waker that the database tells of every hand-over, from the start and without a connection. */
  #announcing(database: MemoryDatabase): WakerStrategy {
    const ignore = () => undefined;
    return ({ registry, wake }) => {
      database.listeners.set(registry, (payload) => wake(payload === 'look' ? undefined : payload));
      return { listens: true, reliable: true, start: ignore, stop: ignore, doubt: () => (this.doubts += 1), close: ignore };
    };
  }
}

/** `strategy`, with somebody told when its waker is closed. */
function closing(strategy: WakerStrategy, closed: (() => void) | undefined): WakerStrategy {
  if (!closed) return strategy;
  return (context) => ({ ...strategy(context), close: closed });
}
