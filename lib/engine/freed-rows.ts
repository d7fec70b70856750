/** A registry that uses more names than so many forgets those that it gave back first. */
const MOST_ROWS = 10_000;

/**
 * The names that this registry gave back when nobody else wanted them: most likely their rows lie there as it left them, and then a lock is had
 * for less. No more than a guess, of which the database knows better.
 */
export class FreedRows {
  readonly #keys = new Set<string>();

  note(key: string): void {
    const oldest = this.#keys.size < MOST_ROWS ? undefined : this.#keys.values().next().value;
    if (oldest !== undefined) this.#keys.delete(oldest);
    this.#keys.add(key);
  }

  /** Whether it was given back here; it is asked for now, so it counts as such no longer. */
  take(key: string): boolean {
    return this.#keys.delete(key);
  }
}
