import type { Clock } from '../contracts/clock.js';
import type { LockStatements } from '../contracts/dialect.js';
import type { Observer } from '../contracts/observer.js';
import type { RetryPolicy } from '../contracts/retry-policy.js';
import type { Session } from '../contracts/session.js';
import type { Waker, WakerStrategy } from '../contracts/waker.js';
import { type FenceSettings, Fences } from './fences.js';
import { FreedRows } from './freed-rows.js';
import { Janitor } from './janitor.js';
import { Keeper } from './keeper.js';
import type { LocalQueue } from './local-queue.js';
import { LoopTurns } from './loop-turns.js';
import type { Terms } from './options.js';
import { OwnerIds, registryId } from './owner-ids.js';
import { Rehearsal } from './rehearsal.js';
import { Releases } from './releases.js';
import { Store } from './store.js';
import { Watcher } from './watcher.js';

/** What an engine is made of: everything that comes from outside it. */
export interface EngineSettings extends FenceSettings {
  readonly session: Session;
  readonly statements: LockStatements;
  readonly retry: RetryPolicy;
  readonly waker: WakerStrategy;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly random: () => number;
  /** What operators see as the holder. */
  readonly holder: string;
  /** Callers in line per name. */
  readonly maxWaiting: number;
  /** How long the lock is passed on inside this process while another one waits. */
  readonly fairnessMs: number;
  /** The registry's own terms. */
  readonly terms: Terms;
  /** Makes sure that the table is there. */
  readonly prepareTable: (store: Store) => Promise<void>;
}

/** What all queues of a registry share. */
export interface EngineParts extends Pick<
  EngineSettings,
  'clock' | 'observer' | 'random' | 'holder' | 'maxWaiting' | 'fairnessMs' | 'terms'
> {
  readonly store: Store;
  readonly keeper: Keeper;
  readonly janitor: Janitor;
  readonly fences: Fences;
  readonly releases: Releases;
  readonly freed: FreedRows;
  readonly rehearsal: Rehearsal;
  readonly watcher: Watcher;
  readonly waker: Waker;
  readonly ids: OwnerIds;
  readonly turns: LoopTurns;
  /** After what share of the usual time a stand looks first: the same for all of a registry, so that one look serves all. */
  readonly firstLook: number;
  /** The queues that have something to do, by key. */
  readonly queues: Map<string, LocalQueue>;
  /** The number of the caller that came last. */
  readonly callers: { last: number };
}

/** A lock's name and the key under which it is stored. */
export interface NamedLock {
  readonly name: string;
  readonly key: string;
}

/** Joins the parts of an engine. Nothing is sent. */
export function assemble(settings: EngineSettings): EngineParts {
  const { clock, observer } = settings;
  const store = new Store(settings);
  const queues = new Map<string, LocalQueue>();
  const keeper = new Keeper(store, clock, observer, (holding, reason) => queues.get(holding.key)?.lost(holding, reason));
  return {
    ...settings,
    store,
    queues,
    callers: { last: 0 },
    keeper,
    janitor: new Janitor(store, clock, observer),
    fences: new Fences(store, settings),
    releases: new Releases(store),
    freed: new FreedRows(),
    rehearsal: new Rehearsal(store, clock, () => keeper.holdsAnything),
    turns: new LoopTurns(clock),
    firstLook: (1 + settings.random()) / 2,
    ...waiting(settings, store),
  };
}

const NOTIFY_TIMEOUT_MS = 5_000;

/** How waiters learn that it is their turn. */
function waiting(
  { session, waker: strategy, clock, observer }: EngineSettings,
  store: Store,
): Pick<EngineParts, 'watcher' | 'waker' | 'ids'> {
  const watcher = new Watcher(store, clock);
  const { listen } = session;
  const registry = registryId(true);
  const waker = strategy({
    registry,
    clock,
    listen: listen && ((heard, broken) => listen(registry, { heard, broken }, NOTIFY_TIMEOUT_MS)),
    notify: (payload) => store.notify(registry, payload, NOTIFY_TIMEOUT_MS),
    wake: (owner) => watcher.wake(owner),
    changed: (available, error) => {
      if (!available) observer.emit('failed', { lockName: undefined, step: 'listen', error });
    },
  });
  watcher.waker = waker;
  return { watcher, waker, ids: new OwnerIds(waker.listens ? registry : registryId(false)) };
}
