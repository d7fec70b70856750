import type { Clock } from '../contracts/clock.js';
import type { LockStatements, Step } from '../contracts/dialect.js';
import type { RetryPolicy } from '../contracts/retry-policy.js';
import { type Failure, type Row, type Session, StatementError } from '../contracts/session.js';
import type { Instant } from '../core/deadline.js';
import { LockError, LockStoreError } from '../core/errors.js';
import { DatabaseClock } from './database-clock.js';

/** The name of a step, as errors and events show it. */
export type StepName = keyof LockStatements;

/** An answer, with what is needed to know how long it may be believed. */
export interface Answered<T> {
  readonly answer: T;
  /** Before the first attempt that may have been carried out was sent. */
  readonly firstSent: Instant;
  /** Before the attempt that was answered was sent. */
  readonly lastSent: Instant;
  /** When the answer was here. */
  readonly arrived: Instant;
  /** Until then an attempt without an answer may still be carried out, on the monotonic clock; `undefined` where all were answered. */
  readonly unsureUntilMs: number | undefined;
}

export interface Attempt<T> {
  readonly name: StepName;
  /** The lock concerned, for errors. */
  readonly lockName?: string;
  /** The deadline of one attempt. */
  readonly timeoutMs: number;
  /** Milliseconds until an answer is of no use any more; default: for ever of use. */
  readonly remainingMs?: () => number;
  /** Goes before asks: a lease depends on it. */
  readonly urgent?: boolean;
  /** Told of each attempt that failed, while others may follow; of `undefined` where others were faster at the row: then the database is well. */
  readonly failed?: (failing: unknown) => void;
  /** The step, given a moment of the database's clock after which this attempt is given up. */
  readonly step: (statements: LockStatements, notAfter: number | undefined) => Step<T>;
}

export interface StoreParts {
  readonly session: Session;
  readonly statements: LockStatements;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly random: () => number;
  /** Makes sure that the table is there; called before the first statement and whenever the table was missing. */
  readonly prepareTable: (store: Store) => Promise<void>;
}

/** Runs the dialect's steps: table first, one deadline for each attempt, failures answered by the retry policy. */
export class Store {
  readonly #parts: StoreParts;
  readonly databaseClock = new DatabaseClock();
  #table: Promise<void> | 'ready' | undefined;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  get statements(): LockStatements {
    return this.#parts.statements;
  }

  /**
   * @throws {LockStoreError} the retry policy gave up
   * @throws {LockTableError} the table is missing or somebody else's
   */
  async run<T>(attempt: Attempt<T>): Promise<Answered<T>> {
    if (this.#table !== 'ready') await this.ready();
    return this.#retried(attempt);
  }

  /** One attempt, not tried again; `sent`: before it. @throws {StatementError} */
  async once<T>({ step, timeoutMs, urgent = false }: Attempt<T>, sent = this.#parts.clock.now()): Promise<Answered<T>> {
    const { clock, session, statements } = this.#parts;
    const notAfter = this.databaseClock.latest(sent.monotonicMs + timeoutMs);
    let read: Step<T>['read'] | undefined;
    const write = () => {
      const made = step(statements, notAfter);
      read = made.read;
      return made.statement;
    };
    const rows = await session.run(write, timeoutMs, urgent);
    return { answer: understood(read, rows), firstSent: sent, lastSent: sent, arrived: clock.now(), unsureUntilMs: undefined };
  }

  /**
   * Until when a statement that was sent by now, with this deadline, may still be carried out: its not-after lies in the database's time,
   * which is known here as exactly as the statement that told it was fast.
   */
  unsureUntilMs(timeoutMs: number): number {
    return this.#parts.clock.now().monotonicMs + timeoutMs + LONGEST_STATEMENT_MS;
  }

  /**
   * True where the database's clock has stepped since it was last heard of: what was asked under the old time may have been refused as too late,
   * which some answers cannot tell from busy. Costs a statement at most once a second.
   */
  async clockStepped(): Promise<boolean> {
    const nowMs = this.#parts.clock.now().monotonicMs;
    if (this.databaseClock.ageMs(nowMs) < CLOCK_TRUSTED_MS) return false;
    const before = this.databaseClock.latest(nowMs);
    try {
      const { answer, lastSent } = await this.once({
        name: 'columns',
        timeoutMs: CLOCK_TIMEOUT_MS,
        step: (statements) => statements.columns(),
      });
      this.databaseClock.learn(answer.now, lastSent);
    } catch {
      return false;
    }
    return Math.abs((this.databaseClock.latest(nowMs) ?? 0) - (before ?? 0)) > CLOCK_STEP_MS;
  }

  /** Notifies who listens as `registry`; nothing where the server cannot. @throws {StatementError} */
  async notify(registry: string, payload: string, timeoutMs: number): Promise<void> {
    const step = this.#parts.statements.notify?.(registry, payload);
    if (step) await this.#parts.session.run(() => step.statement, timeoutMs);
  }

  /** A step that needs no table: what finds out about it and makes it. */
  bare<T>(attempt: Attempt<T>): Promise<Answered<T>> {
    return this.#retried(attempt);
  }

  /** Resolves once the table is there. */
  async ready(): Promise<void> {
    if (this.#table === 'ready') return;
    this.#table ??= this.#parts.prepareTable(this).then(
      () => void (this.#table = 'ready'),
      (error: unknown) => {
        this.#table = undefined;
        throw error;
      },
    );
    await this.#table;
  }

  async #retried<T>(attempt: Attempt<T>): Promise<Answered<T>> {
    const { retry, clock, random } = this.#parts;
    const seen: Sendings = { firstSent: undefined, unsureUntilMs: undefined, mended: false };
    let answered: Answered<T> | undefined;
    try {
      answered = await retry(() => this.#attempt(attempt, seen), {
        step: attempt.name,
        remainingMs: attempt.remainingMs ?? (() => Infinity),
        failureOf,
        clock,
        random,
      });
    } catch (error) {
      throw error instanceof LockError ? error : storeError(attempt, error, seen.firstSent !== undefined);
    }
    // By its types it does; a policy from outside may be plain JavaScript.
    if ((answered as Answered<T> | undefined)?.firstSent === undefined)
      throw new TypeError('The retry policy must resolve with what its last attempt resolved with.');
    return answered;
  }

  async #attempt<T>(attempt: Attempt<T>, seen: Sendings): Promise<Answered<T>> {
    const sent = this.#parts.clock.now();
    try {
      const answered = await this.once(attempt, sent);
      return seen.firstSent ? { ...answered, firstSent: seen.firstSent, unsureUntilMs: seen.unsureUntilMs } : answered;
    } catch (error) {
      const failure = failureOf(error);
      attempt.failed?.(failure.conflict ? undefined : error instanceof StatementError ? error.cause : error);
      if (failure.outcome === 'unknown') {
        seen.firstSent ??= sent;
        seen.unsureUntilMs = this.unsureUntilMs(attempt.timeoutMs);
      }
      if (!failure.missingTable || seen.mended || tableless.includes(attempt.name)) throw error;
      seen.mended = true;
      this.#table = undefined;
      await this.ready();
      return this.#attempt(attempt, seen);
    }
  }
}

/** What needs no table, so that none is made for its sake. */
const tableless: readonly StepName[] = ['columns', 'create', 'examine', 'notify'];

/** For so long the offset of the database's clock is taken for known. */
const CLOCK_TRUSTED_MS = 1_000;
const CLOCK_TIMEOUT_MS = 1_000;
/** More than the way there takes, and less than any statement's deadline. */
const CLOCK_STEP_MS = 40;

/** No answer that took longer is ever read. */
const LONGEST_STATEMENT_MS = 5_000;

interface Sendings {
  /** Of the first attempt whose outcome is unknown. */
  firstSent: Instant | undefined;
  /** See {@link Answered.unsureUntilMs}. */
  unsureUntilMs: number | undefined;
  /** The table was missing once and was looked after. */
  mended: boolean;
}

const ourOwn: Failure = { outcome: 'not-done', transient: false };
/** What is known of the row after `error`. */
export const failureOf = (error: unknown): Failure => (error instanceof StatementError ? error.failure : ourOwn);

/** What a statement did whose answer is none that the dialect knows is not known. @throws {StatementError} */
function understood<T>(read: Step<T>['read'] | undefined, rows: readonly Row[]): T {
  try {
    if (!read) throw new TypeError('The session answered a statement that it had not asked for.');
    return read(rows);
  } catch (error) {
    throw new StatementError({ outcome: 'unknown', transient: false }, error);
  }
}

/** The error of a step that was given up. */
export function storeError(
  attempt: { readonly name: StepName; readonly lockName?: string },
  error: unknown,
  outcomeUnknown: boolean,
): LockStoreError {
  const cause = error instanceof StatementError ? error.cause : error;
  return new LockStoreError(attempt.lockName, attempt.name, outcomeUnknown, { cause });
}
