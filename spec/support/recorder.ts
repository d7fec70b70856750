import type { LockEventName, LockEvents, Observer } from '../../lib/contracts/observer.js';

/** Writes every event down. */
export class Recorder implements Observer {
  readonly #events: { readonly name: LockEventName; readonly facts: LockEvents[LockEventName] }[] = [];

  emit<E extends LockEventName>(name: E, facts: LockEvents[E]): void {
    this.#events.push({ name, facts });
  }

  watches(): boolean {
    return true;
  }

  /** Their names, in order. */
  get names(): LockEventName[] {
    return this.#events.map(({ name }) => name);
  }

  /** The facts of all events of one name. */
  of<E extends LockEventName>(event: E): LockEvents[E][] {
    // Facts are kept beside the name they came with.
    return this.#events.filter(({ name }) => name === event).map(({ facts }) => facts as LockEvents[E]);
  }
}
