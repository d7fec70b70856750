import type { Cancel, Clock } from '../contracts/clock.js';
import type { Stand, StandView } from '../contracts/dialect.js';
import type { Waker } from '../contracts/waker.js';
import type { Store } from './store.js';

/** No registry looks more often, whatever its polling policy says and however many names it waits for. */
const SHORTEST_GAP_MS = 50;
const LOOK_TIMEOUT_MS = 5_000;
/** Announcements for stands that gave up meanwhile are not kept for ever. */
const MOST_EARLY = 1_000;

interface Watched {
  readonly stand: Stand;
  dueMs: number;
  readonly delayMs: number;
  readonly seen: (view: StandView | 'woken' | undefined) => void;
  readonly failed: (error: unknown) => void;
}

/** Looks at the places in line of all names that a registry waits for, in one statement for all that are due. */
export class Watcher {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #watched = new Map<string, Watched>();
  /** Whose turn was announced before it watched. */
  readonly #early = new Set<string>();
  #lastLookMs = -Infinity;
  #looking = false;
  #waker: Waker | undefined;
  /** Why looks fail just now; `undefined` while they do not. */
  failing: unknown;
  #timer: { readonly atMs: number; readonly cancel: Cancel } | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * What a look at `stand` after about `delayMs` shows; `'woken'` if its turn was announced before; `undefined` as soon as it leaves.
   *
   * @throws {LockStoreError} the database failed
   */
  next(stand: Stand, delayMs: number): Promise<StandView | 'woken' | undefined> {
    if (this.#early.delete(stand.owner)) return Promise.resolve('woken');
    return new Promise((seen, failed) => {
      const dueMs = this.#nowMs() + delayMs;
      this.#watched.set(stand.owner, { stand, delayMs, dueMs, seen, failed });
      this.#waker?.start();
      if (!this.#looking) this.#armFor(dueMs);
    });
  }

  /** Nobody waits there any more. */
  leave(owner: string): void {
    this.#unwatch(owner)?.seen(undefined);
  }

  /** True while hand-overs are announced: then looks are only for what went wrong. */
  get announced(): boolean {
    return this.#waker?.reliable ?? false;
  }

  /** Set once, by whoever made both. */
  set waker(waker: Waker) {
    this.#waker = waker;
  }

  /** It is this stand's turn; or all are to look now. */
  wake(owner: string | undefined): void {
    if (owner === undefined) return this.#lookSoon();
    const watched = this.#unwatch(owner);
    if (watched) watched.seen('woken');
    else this.#remember(owner);
  }

  #unwatch(owner: string): Watched | undefined {
    const watched = this.#watched.get(owner);
    if (this.#watched.delete(owner) && this.#watched.size === 0) this.#rest();
    return watched;
  }

  /** The answer to its join is not here yet, or is being read. */
  #remember(owner: string): void {
    if (this.#early.size >= MOST_EARLY) this.#early.clear();
    this.#early.add(owner);
  }

  #lookSoon(): void {
    const nowMs = this.#nowMs();
    for (const watched of this.#watched.values()) watched.dueMs = nowMs;
    if (this.#watched.size > 0 && !this.#looking) this.#armFor(nowMs);
  }

  #rest(): void {
    this.#disarm();
    this.#waker?.stop();
  }

  #armFor(dueMs: number): void {
    const atMs = Math.max(dueMs, this.#lastLookMs + SHORTEST_GAP_MS);
    if (this.#timer && this.#timer.atMs <= atMs) return;
    this.#disarm();
    // Somebody waits for this look, so the process stays alive.
    this.#timer = { atMs, cancel: this.#clock.after(Math.max(0, atMs - this.#nowMs()), () => void this.#look(), true) };
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    this.#disarm();
    const due = this.#due();
    if (due.length > 0) {
      this.#looking = true;
      await this.#ask(due);
      this.#looking = false;
      this.#lastLookMs = this.#nowMs();
    }
    let dueMs = Infinity;
    for (const watched of this.#watched.values()) dueMs = Math.min(dueMs, watched.dueMs);
    if (dueMs < Infinity) this.#armFor(dueMs);
  }

  /** Those whose time has come, and those for whom a quarter of their delay is missing at most: they would need a look of their own soon. */
  #due(): Watched[] {
    const nowMs = this.#nowMs();
    return [...this.#watched.values()].filter(({ dueMs, delayMs }) => dueMs - nowMs <= Math.max(delayMs / 4, 1));
  }

  async #ask(due: readonly Watched[]): Promise<void> {
    try {
      const { answer } = await this.#store.run({
        name: 'look',
        timeoutMs: LOOK_TIMEOUT_MS,
        failed: (failing) => (this.failing = failing),
        step: (statements) => statements.look(due.map(({ stand }) => stand)),
      });
      this.failing = undefined;
      const views = new Map(answer.map((view) => [view.owner, view]));
      for (const watched of due) {
        const view = views.get(watched.stand.owner);
        if (!view) throw new TypeError('A look answered less than it was asked.');
        if (this.#stopWatching(watched) && view.place === 'mine') this.#waker?.doubt();
        watched.seen(view);
      }
    } catch (error) {
      for (const watched of due) {
        this.#stopWatching(watched);
        watched.failed(error);
      }
    }
  }

  /** False where its turn was announced meanwhile: the same stand may be watched anew by now, and that is not for this look to answer. */
  #stopWatching(watched: Watched): boolean {
    const { owner } = watched.stand;
    if (this.#watched.get(owner) !== watched) return false;
    this.#unwatch(owner);
    return true;
  }

  #nowMs(): number {
    return this.#clock.now().monotonicMs;
  }
}
