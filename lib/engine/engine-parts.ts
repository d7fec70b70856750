import type { Clock } from '../contracts/clock.js';
import type { Observer } from '../contracts/observer.js';
import type { Waker } from '../contracts/waker.js';
import type { Janitor } from './janitor.js';
import type { Keeper } from './keeper.js';
import type { LocalQueue } from './local-queue.js';
import type { LoopTurns } from './loop-turns.js';
import type { Terms } from './options.js';
import type { OwnerIds } from './owner-ids.js';
import type { Store } from './store.js';
import type { Watcher } from './watcher.js';

/** What all queues of a registry share. */
export interface EngineParts {
  readonly store: Store;
  readonly keeper: Keeper;
  readonly janitor: Janitor;
  readonly watcher: Watcher;
  readonly waker: Waker;
  readonly ids: OwnerIds;
  readonly clock: Clock;
  readonly turns: LoopTurns;
  readonly observer: Observer;
  readonly random: () => number;
  /** What operators see as the holder. */
  readonly holder: string;
  readonly maxWaiting: number;
  readonly fairnessMs: number;
  /** The registry's own terms. */
  readonly terms: Terms;
  /** A queue has nothing left to do. */
  readonly forget: (queue: LocalQueue) => void;
}

/** A lock's name and the key under which it is stored. */
export interface NamedLock {
  readonly name: string;
  readonly key: string;
}
