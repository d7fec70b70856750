import type { Clock } from './clock.js';
import type { OpenConnection } from './session.js';

/** Tells waiters that a look is worth while now. A hint, never the truth: nothing is lost when one is. */
export interface Waker {
  /** True where ids of this registry are to be notified on a hand-over. Fixed for the registry's life. */
  readonly listens: boolean;
  /** Somebody begins to wait. Called again and again; must be cheap while listening already. */
  start(): void;
  /** Nobody waits any more. */
  stop(): void;
  /** True while notifications are known to arrive: then a look in every claim period is enough. */
  readonly reliable: boolean;
  /** A hand-over was found by a look, not by a notification: perhaps they do not arrive any more. */
  doubt(): void;
  /** Stops for good. */
  close(): void;
}

/** What a waker has to work with. */
export interface WakerContext {
  /** The registry's half of its owner ids. */
  readonly registry: string;
  readonly clock: Clock;
  /** Listens on a connection of its own; `undefined` where the server cannot notify. */
  readonly listen: ((heard: (payload: string) => void, broken: () => void) => Promise<OpenConnection>) | undefined;
  /** Sends a notification to this registry, from another connection than the one that listens. */
  readonly notify: (payload: string) => Promise<void>;
  /** An owner id was handed the lock; `undefined`: look at all. */
  readonly wake: (owner: string | undefined) => void;
  /** Whether notifications arrive has changed; `why` where they do not. */
  readonly changed: (available: boolean, why?: unknown) => void;
}

/** A strategy of waking, made for one registry. */
export type WakerStrategy = (context: WakerContext) => Waker;
