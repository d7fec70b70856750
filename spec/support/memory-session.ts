import {
  type Failure,
  type Listener,
  type OpenConnection,
  type Row,
  type Session,
  type Statement,
  StatementError,
} from '../../lib/contracts/session.js';
import type { StepName } from '../../lib/testing/intercepted.js';
import type { ManualClock } from '../../lib/testing/manual-clock.js';
import type { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { carryOut } from '../../lib/testing/memory-statements.js';

/** What becomes of a statement: `run` carries it out. */
export type Fate = (run: () => readonly Row[], clock: ManualClock) => Promise<readonly Row[]>;

/** A statement as it was sent. */
export interface Sent {
  readonly step: StepName;
  readonly args: readonly unknown[];
  readonly atMs: number;
  readonly timeoutMs: number;
}

export const NOT_DONE: Failure = { outcome: 'not-done', transient: true };
/** Somebody else was faster at the row. */
export const CONFLICT: Failure = { ...NOT_DONE, conflict: true };
export const UNKNOWN: Failure = { outcome: 'unknown', transient: true };
export const REFUSED: Failure = { outcome: 'not-done', transient: false };

/** Carried out and answered at once. */
export const answered: Fate = async (run) => run();

/** Carried out at once, answered after `ms`. */
export const answeredAfter = (ms: number): Fate => {
  return async (run, clock) => {
    const rows = run();
    await clock.sleep(ms);
    return rows;
  };
};

/** Carried out after `ms` and then answered, whether or not anybody waits for it still. */
export const carriedOutAfter = (ms: number): Fate => {
  return async (run, clock) => {
    await clock.sleep(ms);
    return run();
  };
};

/** Carried out, and the answer is lost with the connection. */
export const answerLost: Fate = async (run) => {
  run();
  throw new StatementError(UNKNOWN, new Error('connection reset'));
};

/** Not carried out. */
export const failed = (failure: Failure = NOT_DONE): Fate => {
  return async () => {
    throw new StatementError(failure, new Error(failure.transient ? 'try again' : 'refused'));
  };
};

/** The connection is lost at once; the server carries the statement out `ms` later. */
export const brokenThenCarriedOutAfter = (ms: number): Fate => {
  return async (run, clock) => {
    clock.after(ms, () => void run());
    throw new StatementError(UNKNOWN, new Error('connection reset'));
  };
};

/** A black hole: neither carried out nor answered. */
export const silent: Fate = () => new Promise<never>(() => undefined);

/** A process's way to the database, on which each statement has the fate that was planned for it. */
export class MemorySession implements Session {
  readonly sent: Sent[] = [];
  readonly listen: Session['listen'];
  readonly #database: MemoryDatabase;
  readonly #clock: ManualClock;
  readonly #next = new Map<StepName, Fate[]>();
  readonly #always = new Map<StepName | 'all', Fate>();
  #closed = false;

  constructor(database: MemoryDatabase, clock: ManualClock) {
    this.#database = database;
    this.#clock = clock;
    this.listen = (registry, listener) => this.#listen(registry, listener);
  }

  /** The fates of the next statements of this step, one after the other. */
  plan(step: StepName, ...fates: Fate[]): void {
    this.#next.set(step, [...(this.#next.get(step) ?? []), ...fates]);
  }

  /** The fate of all statements of this step, or of all there are, that have no planned one. */
  always(step: StepName | 'all', fate: Fate): void {
    this.#always.set(step, fate);
  }

  /** All is well again. */
  heal(): void {
    this.#next.clear();
    this.#always.clear();
  }

  /** The steps sent so far, without those that find out about the table. */
  get steps(): StepName[] {
    return this.sent.map(({ step }) => step).filter((step) => step !== 'columns' && step !== 'create');
  }

  /** How often a step was sent. */
  count(step: StepName): number {
    return this.steps.filter((one) => one === step).length;
  }

  /** The last statement of this step. */
  last(step: StepName): Sent {
    const sent = this.sent.findLast((one) => one.step === step);
    if (!sent) throw new Error(`No "${step}" was sent.`);
    return sent;
  }

  run(write: () => Statement, timeoutMs: number): Promise<readonly Row[]> {
    if (this.#closed) return Promise.reject(new StatementError(REFUSED, new Error('The session is closed.')));
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () => reject(new StatementError(UNKNOWN, new Error('no answer in time'))));
      this.send(write(), timeoutMs).finally(cancel).then(resolve, reject);
    });
  }

  /** The same without a deadline. */
  send(statement: Statement, timeoutMs = Infinity): Promise<readonly Row[]> {
    const step = statement.id as StepName;
    this.sent.push({ step, args: statement.values, atMs: this.#clock.now().monotonicMs, timeoutMs });
    return this.#fateOf(step)(() => carryOut(this.#database, statement), this.#clock);
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #fateOf(step: StepName): Fate {
    return this.#next.get(step)?.shift() ?? this.#always.get(step) ?? this.#always.get('all') ?? answered;
  }

  #listen(registry: string, { heard }: Listener): Promise<OpenConnection> {
    this.#database.listeners.set(registry, heard);
    return Promise.resolve({ close: () => void this.#database.listeners.delete(registry) });
  }
}
