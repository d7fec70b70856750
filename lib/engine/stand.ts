import type { AskAnswer, JoinAnswer, OccupantView } from '../contracts/dialect.js';
import { statementTimeout } from '../core/deadline.js';
import { LockStoreError, type Occupant } from '../core/errors.js';
import { claimOf, type Granted, learn, mayBeDone } from './ask.js';
import type { EngineParts } from './engine-parts.js';
import { LineLife } from './line-life.js';
import { LookTimes, type Seen, type Waiters } from './look-times.js';
import { toOccupant } from './occupant.js';
import type { Terms } from './options.js';
import type { Answered, Attempt, StepName } from './store.js';

/** The callers on whose behalf it stands. */
export interface StandQueue extends Waiters {
  /** Others were in the way last time: an ask that does not stand in line is not worth its statement. */
  readonly contended: boolean;
  /** What was seen in the way. */
  saw(occupant: Occupant): void;
}

/** One stand at the database for all callers of a queue: ask, stand in line, look, confirm. */
export class Stand {
  readonly #parts: EngineParts;
  readonly #queue: StandQueue;
  readonly #lookTimes: LookTimes;
  readonly #line: LineLife;
  #stopped = false;
  /** Cuts short what is being waited for. */
  #interrupt: (() => void) | undefined;
  #attempts = 0;
  #busy = 0;
  #expectsBusy: boolean;
  /** The owner id stands in line, or in the row. */
  #inLine = false;
  /** Until then a join of the owner id may still be carried out. */
  #unsureUntilMs: number | undefined;
  #failing: unknown;

  constructor(parts: EngineParts, queue: StandQueue) {
    this.#parts = parts;
    this.#queue = queue;
    this.#lookTimes = new LookTimes(parts, queue);
    this.#line = new LineLife(parts.clock, queue.callers);
    this.#expectsBusy = queue.contended;
  }

  /** How often the lock was found busy. */
  get busy(): number {
    return this.#busy;
  }

  /** How often the database was asked. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Why there is no answer just now; `undefined` where the last thing known is that the lock is busy. */
  get failure(): LockStoreError | undefined {
    const failing = this.#failing ?? this.#parts.watcher.failing;
    if (failing === undefined && this.#attempts > 0) return undefined;
    const cause = failing ?? new Error('there was no answer within the wait');
    return new LockStoreError(this.#queue.name, 'join', true, { cause });
  }

  /** Nobody waits any more: leaves the line, and gives back what was granted meanwhile. */
  stop(): void {
    this.#stopped = true;
    this.#interrupt?.();
  }

  /**
   * Stands until granted; `undefined` after {@link stop}, or when no caller is left.
   *
   * @throws {LockStoreError} the database failed
   */
  async run(): Promise<Granted | undefined> {
    while (!this.#hasStopped()) {
      const head = this.#queue.callers.first;
      if (!head) return undefined;
      // Fresh each time: an old join that runs late must not stand for a new one.
      const owner = this.#parts.ids.next();
      try {
        const granted = await this.#standAs(owner, head.terms);
        if (granted) return granted;
        this.#forget(owner, head.terms);
      } catch (error) {
        if (mayBeDone(error)) this.#unsureUntilMs = this.#parts.store.unsureUntilMs(statementTimeout(head.terms.ttlMs));
        this.#forget(owner, head.terms);
        throw error;
      }
    }
    return undefined;
  }

  #hasStopped(): boolean {
    return this.#stopped;
  }

  async #standAs(owner: string, terms: Terms): Promise<Granted | undefined> {
    // A lock that is free is had for less than a place in line.
    const standing = this.#expectsBusy;
    this.#expectsBusy = true;
    // Not taken apart with a rest: that alone cost a free lock a third of what this library needs for it.
    const answered = standing ? await this.#join(owner, terms) : await this.#askFirst(owner, terms);
    const { answer } = answered;
    switch (answer.kind) {
      case 'granted':
        return { owner, terms, answered: { ...answered, answer: answer.grant } };
      case 'waiting':
        return this.#waitInLine(owner, terms, answer);
      case 'busy':
        if (!standing) return undefined;
        if (answer.now === undefined) await this.#parts.store.clockStepped();
        await this.#pause(this.#delayMs(answer));
        return undefined;
      case 'late':
        // The clocks' offset has changed, and this answer told the new one.
        return undefined;
    }
  }

  async #waitInLine(owner: string, terms: Terms, joined: Seen): Promise<Granted | undefined> {
    this.#inLine = true;
    this.#parts.rehearsal.waiting();
    let seen: Seen = joined;
    this.#line.begin();
    this.#interrupt = () => this.#parts.watcher.leave(owner);
    for (;;) {
      // The policy may give up on the last caller.
      const delayMs = this.#delayMs(seen);
      if (this.#stopped) return undefined;
      const view = await this.#parts.watcher.next({ key: this.#queue.key, owner }, delayMs);
      if (!view) return undefined;
      if (view === 'woken') {
        const granted = await this.#confirm(owner);
        if (granted) return granted;
        // Not our turn after all; the next look tells where we stand.
        continue;
      }
      this.#attempts++;
      this.#sawBusy(view.occupant);
      this.#inLine = view.place !== 'gone';
      if (view.place === 'gone') return undefined;
      if (view.place === 'mine') return this.#confirm(owner);
      if (view.occupant && view.occupant.expiresAt <= view.now) await this.#advance(terms);
      seen = view;
      if (!this.#line.runsOut) continue;
      const { answer } = await this.#join(owner, terms);
      if (answer.kind === 'granted') return this.#confirm(owner);
      if (answer.kind !== 'waiting') return undefined;
      this.#line.begin();
    }
  }

  async #askFirst(owner: string, terms: Terms): Promise<Answered<AskAnswer>> {
    let again = false;
    const answered = await this.#ask<AskAnswer>('ask', terms, (statements, notAfter) => {
      const claim = claimOf(this.#parts, this.#queue, owner, terms, notAfter);
      // Only the full ask knows what an attempt before this one, whose answer was lost, may have taken.
      const quick = !again && this.#parts.freed.take(claim.key) ? statements.takeFree?.(claim) : undefined;
      again = true;
      return quick ?? statements.ask(claim);
    });
    return this.#learnt(answered);
  }

  #learnt<T extends JoinAnswer>(answered: Answered<T>): Answered<T> {
    learn(this.#parts, answered);
    this.#unsureUntilMs = answered.unsureUntilMs ?? this.#unsureUntilMs;
    return answered;
  }

  async #join(owner: string, terms: Terms): Promise<Answered<JoinAnswer>> {
    const answered = this.#learnt(
      await this.#ask<JoinAnswer>('join', terms, (statements, notAfter) =>
        statements.join({ ...claimOf(this.#parts, this.#queue, owner, terms, notAfter), waitMs: Math.ceil(this.#line.ms) }),
      ),
    );
    const { answer } = answered;
    if (answer.kind === 'waiting' || answer.kind === 'busy') this.#sawBusy(answer.occupant);
    return answered;
  }

  /** What was handed over is only reserved: the body starts after this statement, and its deadline counts from before it. */
  async #confirm(owner: string): Promise<Granted | undefined> {
    const head = this.#queue.callers.first;
    const terms = head?.terms ?? this.#parts.terms;
    const answered = await this.#ask('confirm', terms, (statements) =>
      statements.confirm(claimOf(this.#parts, this.#queue, owner, terms, undefined)),
    );
    const { answer, lastSent } = answered;
    return answer && { owner, terms, answered: { ...answered, answer, firstSent: lastSent, unsureUntilMs: this.#unsureUntilMs } };
  }

  async #advance(terms: Terms): Promise<void> {
    await this.#ask('advance', terms, (statements) => statements.advance(this.#queue.key, Math.ceil(terms.claimMs)));
  }

  /** This owner id is of no use any more: it leaves the line, and gives back what it was granted meanwhile. */
  #forget(owner: string, terms: Terms): void {
    const unsureUntilMs = this.#unsureUntilMs;
    if (this.#inLine || unsureUntilMs !== undefined) this.#parts.janitor.giveBack(this.#queue, owner, terms, { unsureUntilMs });
    this.#inLine = false;
    this.#unsureUntilMs = undefined;
  }

  async #ask<T>(name: StepName, terms: Terms, step: Attempt<T>['step']): Promise<Answered<T>> {
    const answered = await this.#parts.store.run<T>({
      name,
      lockName: this.#queue.name,
      timeoutMs: statementTimeout(terms.ttlMs),
      remainingMs: () => this.#queue.callers.longestRemainingMs(this.#parts.clock.now()),
      urgent: name === 'confirm',
      failed: (failing) => this.#failed(failing),
      step,
    });
    this.#failing = undefined;
    this.#attempts++;
    return answered;
  }

  #failed(failing: unknown): void {
    this.#failing = failing;
    // Who lost a race was answered: others are at the row.
    if (failing === undefined) this.#attempts++;
  }

  #sawBusy(occupant: OccupantView | undefined): void {
    this.#busy++;
    this.#queue.saw(toOccupant(occupant));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(ms, resolve, true);
      this.#interrupt = () => (cancel(), resolve());
    });
  }

  #delayMs(seen: Seen): number {
    return this.#lookTimes.delayMs(seen, this.#busy, this.#inLine);
  }
}
