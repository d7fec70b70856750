import type { Meter, ObservableResult, ObservableUpDownCounter } from '@opentelemetry/api';
import { Open } from './open.js';

/** How many of something go on now, in each group. Looked at when the metrics are read, so that nothing is left behind when it is stopped. */
export class Level {
  readonly #open = new Open<string>();
  /** A group that was seen once is told of for ever, as 0 where nothing goes on: one that is left out keeps its last value in many a store. */
  readonly #counts = new Map<string, number>();
  readonly #instrument: ObservableUpDownCounter;
  readonly #observe = (result: ObservableResult): void => {
    for (const [group, count] of this.#counts) result.observe(count, { 'lock.group': group });
  };

  constructor(meter: Meter, name: string, unit: string, description: string) {
    this.#instrument = meter.createObservableUpDownCounter(name, { unit, description });
    this.#instrument.addCallback(this.#observe);
  }

  begin(registry: object, id: string, group: string): void {
    this.#open.begin(registry, id, group);
    this.#add(group, 1);
  }

  /** False where it was not known to go on. */
  end(registry: object, id: string): boolean {
    const group = this.#open.end(registry, id);
    if (group !== undefined) this.#add(group, -1);
    return group !== undefined;
  }

  stop(): void {
    this.#instrument.removeCallback(this.#observe);
  }

  #add(group: string, more: number): void {
    this.#counts.set(group, (this.#counts.get(group) ?? 0) + more);
  }
}
