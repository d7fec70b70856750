import { LockRegistryClosedError, type LossReason, type Occupant } from '../core/errors.js';
import { askOnce, type Granted } from './ask.js';
import type { Caller } from './caller.js';
import { Callers } from './callers.js';
import type { EngineParts } from './engine-parts.js';
import type { Holding } from './holding.js';
import type { HeldLease } from './held-lease.js';
import type { Terms } from './options.js';
import { occupantOf } from './occupant.js';
import { Stand, type StandQueue } from './stand.js';
import { Tenure, type TenureQueue } from './tenure.js';

/** What the queue is doing at the database. One thing at a time: the stand belongs to the queue, not to the caller that started it. */
type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'asking'; readonly done: Promise<unknown> }
  | { readonly kind: 'standing'; readonly stand: Stand }
  | { readonly kind: 'held'; readonly tenure: Tenure }
  | { readonly kind: 'releasing' };

const [idle, releasing]: readonly [State, State] = [{ kind: 'idle' }, { kind: 'releasing' }];

/**
 * The callers of this process for one name: first come, first served, with one stand at the database whatever their number.
 * What is granted is theirs in turn, for as long as a {@link Tenure} lasts.
 */
export class LocalQueue implements StandQueue, TenureQueue {
  readonly callers: Callers;
  readonly #parts: EngineParts;
  #state: State = idle;
  /** What was last seen in the way. */
  #occupant: Occupant = {};
  /** Somebody else was in the way last time. */
  #contended = false;
  #whenEmpty: (() => void) | undefined;

  constructor(
    parts: EngineParts,
    readonly name: string,
    readonly key: string,
  ) {
    this.#parts = parts;
    this.callers = new Callers(parts, name, {
      busy: () => this.#standing?.busy ?? 0,
      failure: () => this.#standing?.failure,
      occupant: () => this.#occupantNow(),
      deserted: () => this.#standing?.stop(),
    });
  }

  /** True when nothing would be forgotten with this queue. */
  get empty(): boolean {
    return this.#state.kind === 'idle' && this.callers.size === 0;
  }

  get #standing(): Stand | undefined {
    return this.#state.kind === 'standing' ? this.#state.stand : undefined;
  }

  /** Stands in line until granted. @throws what ends the wait */
  enter(terms: Terms): Promise<HeldLease> {
    const granted = this.callers.enter(terms);
    this.#kick();
    return granted;
  }

  /** Asks once, and never stands in line or jumps it. */
  async tryOnce(terms: Terms): Promise<HeldLease | undefined> {
    // Whoever is asking already may get it; what that learns is this caller's answer too.
    if (this.#state.kind === 'asking') await this.#state.done.catch(() => undefined);
    if (this.#state.kind !== 'idle' || this.callers.size > 0) return undefined;
    const asking = askOnce(this.#parts, this, terms);
    this.#state = { kind: 'asking', done: asking };
    try {
      const { granted, occupant } = await asking;
      this.#occupant = occupant;
      if (granted) return this.#hold(granted).lendOrLetGo(terms);
    } finally {
      this.#asked();
    }
    return undefined;
  }

  /** Who is in the way, as far as is known here. */
  async occupant(): Promise<Occupant> {
    const known = this.#occupantNow();
    if (known.holder !== undefined || this.#standing) return known;
    return occupantOf(this.#parts, this);
  }

  /** The holding ended under its holder. The others stand in line again. */
  lost(holding: Holding, reason: LossReason): void {
    if (this.#state.kind === 'held' && this.#state.tenure.holding === holding) this.#state.tenure.lost(reason);
  }

  get contended(): boolean {
    return this.#contended;
  }

  saw(occupant: Occupant): void {
    this.#occupant = occupant;
  }

  leaving(othersWait: boolean): void {
    this.#contended ||= othersWait;
    this.#state = releasing;
  }

  left(): void {
    this.#rest();
  }

  /** Refuses all callers; nobody enters afterwards. Resolves when nothing is held, asked for or let go any more. */
  async close(): Promise<void> {
    for (const caller of this.callers) this.callers.refuse(caller, new LockRegistryClosedError(this.name));
    if (!this.empty) await new Promise<void>((resolve) => (this.#whenEmpty = resolve));
  }

  #kick(): void {
    if (this.#state.kind !== 'idle' || this.callers.size === 0) return;
    const stand = new Stand(this.#parts, this);
    this.#state = { kind: 'standing', stand };
    void this.#standUntilGranted(stand);
  }

  async #standUntilGranted(stand: Stand): Promise<void> {
    try {
      const granted = await stand.run();
      this.#contended = stand.busy > 0;
      if (granted) return this.#hold(granted).passOn(stand.attempts);
    } catch (error) {
      for (const caller of this.callers) this.#giveUp(caller, stand, error);
    }
    this.#rest();
  }

  /** Where its time is over as well, and the last that it met were others at the row, it has waited in vain like everybody else. */
  #giveUp(caller: Caller, stand: Stand, error: unknown): void {
    if (caller.remainingMs(this.#parts.clock.now()) <= 0 && !stand.failure) this.callers.timeOut(caller);
    else this.callers.refuse(caller, error);
  }

  #hold(granted: Granted): Tenure {
    const tenure = new Tenure(this.#parts, this, granted);
    this.#state = { kind: 'held', tenure };
    return tenure;
  }

  /** Unless what was asked for was granted, whoever entered meanwhile stands now. */
  #asked(): void {
    if (this.#state.kind === 'asking') this.#rest();
  }

  #rest(): void {
    this.#state = idle;
    this.#kick();
    if (!this.empty) return;
    this.#parts.queues.delete(this.key);
    this.#whenEmpty?.();
  }

  #occupantNow(): Occupant {
    return this.#state.kind === 'held' ? this.#state.tenure.occupant : this.#occupant;
  }
}
