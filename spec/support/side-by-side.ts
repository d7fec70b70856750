/**
 * Runs the items of a list, some beside each other, and in the order of the list: whoever asks for one starts the next few as well.
 * What mostly waits is over sooner that way, and each is a spec of its own all the same.
 */
export class SideBySide<Item> {
  readonly #items: readonly Item[];
  readonly #width: number;
  readonly #run: (item: Item) => Promise<void>;
  readonly #started = new Map<Item, Promise<void>>();

  constructor(items: readonly Item[], width: number, run: (item: Item) => Promise<void>) {
    this.#items = items;
    this.#width = width;
    this.#run = run;
  }

  /** Resolves or rejects as this item does. */
  async result(item: Item): Promise<void> {
    const at = this.#items.indexOf(item);
    for (const next of this.#items.slice(at, at + this.#width)) void this.#start(next);
    await this.#start(item);
  }

  /** Resolves when everything that was started is over. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#started.values());
  }

  #start(item: Item): Promise<void> {
    const running = this.#started.get(item) ?? this.#run(item);
    this.#started.set(item, running);
    // Its failure is for whoever asks, perhaps later.
    running.catch(() => undefined);
    return running;
  }
}
