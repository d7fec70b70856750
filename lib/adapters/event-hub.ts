import { channel, type Channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import type { LockEventName, LockEvents, LockMessage, Observer } from '../contracts/observer.js';

/** Every event there is. */
const names = [
  'waiting',
  'acquired',
  'refused',
  'busy',
  'renewed',
  'expiring',
  'overdue',
  'lost',
  'released',
  'skipped',
  'failed',
] as const satisfies readonly LockEventName[];

/** A listener of one event. */
export type LockListener<E extends LockEventName> = (facts: LockEvents[E]) => void;

const channels = Object.fromEntries(names.map((name) => [name, channel(`sequelize-distributed-lock:${name}`)])) as Record<
  LockEventName,
  Channel
>;

/** Hands events to the registry's listeners and to `node:diagnostics_channel`. A listener that throws disturbs nobody. */
export class EventHub implements Observer {
  readonly #emitter = new EventEmitter();
  readonly #registry: object;

  constructor(registry: object) {
    this.#registry = registry;
  }

  /** @throws {TypeError} there is no such event */
  on<E extends LockEventName>(event: E, listener: LockListener<E>): void {
    if (!names.includes(event)) throw new TypeError(`There is no event "${event}". Events: ${names.join(', ')}.`);
    this.#emitter.on(event, listener);
  }

  off<E extends LockEventName>(event: E, listener: LockListener<E>): void {
    this.#emitter.off(event, listener);
  }

  watches(event: LockEventName): boolean {
    return this.#emitter.listenerCount(event) > 0 || channels[event].hasSubscribers;
  }

  emit<E extends LockEventName>(event: E, facts: LockEvents[E]): void {
    if (channels[event].hasSubscribers) channels[event].publish({ ...facts, registry: this.#registry } satisfies LockMessage<E>);
    for (const listener of this.#emitter.listeners(event)) {
      try {
        (listener as LockListener<E>)(facts);
      } catch (error) {
        // Not lost, and not the lock's: a warning names the listener's mistake.
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }
}
