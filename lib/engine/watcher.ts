import type { Cancel, Clock } from '../contracts/clock.js';
import type { Stand, StandView } from '../contracts/dialect.js';
import type { Store } from './store.js';

/** No registry looks more often, whatever its polling policy says and however many names it waits for. */
const SHORTEST_GAP_MS = 50;
const LOOK_TIMEOUT_MS = 5_000;

interface Watched {
  readonly stand: Stand;
  readonly dueMs: number;
  readonly delayMs: number;
  readonly seen: (view: StandView) => void;
  readonly failed: (error: unknown) => void;
}

/** Looks at the places in line of all names that a registry waits for, in one statement for all that are due. */
export class Watcher {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #watched = new Map<string, Watched>();
  #lastLookMs = -Infinity;
  #looking = false;
  #timer: { readonly atMs: number; readonly cancel: Cancel } | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * What a look at `stand` after about `delayMs` shows; `undefined` as soon as `signal` aborts.
   *
   * @throws {LockStoreError} the database failed
   */
  async next(stand: Stand, delayMs: number, signal: AbortSignal): Promise<StandView | undefined> {
    if (signal.aborted) return undefined;
    let stop = (): void => undefined;
    try {
      return await new Promise<StandView | undefined>((seen, failed) => {
        stop = () => seen(undefined);
        signal.addEventListener('abort', stop, { once: true });
        const dueMs = this.#nowMs() + delayMs;
        this.#watched.set(stand.owner, { stand, delayMs, dueMs, seen, failed });
        if (!this.#looking) this.#armFor(dueMs);
      });
    } finally {
      signal.removeEventListener('abort', stop);
      this.#watched.delete(stand.owner);
      if (this.#watched.size === 0) this.#disarm();
    }
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
        step: (statements) => statements.look(due.map(({ stand }) => stand)),
      });
      const views = new Map(answer.map((view) => [view.owner, view]));
      for (const { stand, seen } of due) {
        const view = views.get(stand.owner);
        if (!view) throw new TypeError('A look answered less than it was asked.');
        this.#watched.delete(stand.owner);
        seen(view);
      }
    } catch (error) {
      for (const { stand, failed } of due) {
        this.#watched.delete(stand.owner);
        failed(error);
      }
    }
  }

  #nowMs(): number {
    return this.#clock.now().monotonicMs;
  }
}
