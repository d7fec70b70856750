import { Node, Yallist } from 'yallist';

/** Somebody's place in a {@link Line}. */
export type Place<T> = Node<T>;

/**
 * First come, first served, and anybody may leave.
 *
 * Not a `Set`, because here they come and go by the hundred thousand: each table that a set has outgrown refers to the one after it, so once
 * the collector has moved one of them to the old generation, everybody who came later survives until the next full collection.
 */
export class Line<T> implements Iterable<T> {
  readonly #list = new Yallist<T>();

  get size(): number {
    return this.#list.length;
  }

  /** Who has been here longest. */
  get first(): T | undefined {
    return this.#list.head?.value;
  }

  enter(item: T): Place<T> {
    const place = new Node(item);
    this.#list.pushNode(place);
    return place;
  }

  *places(): Iterable<Place<T>> {
    for (let place = this.#list.head; place; place = place.next) yield place;
  }

  /** Those who are here now, whoever leaves meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return this.#list.toArray().values();
  }
}

/** False: had left already. */
export function leave<T>(place: Place<T> | undefined): boolean {
  if (!place?.list) return false;
  place.list.removeNode(place);
  return true;
}
