import { randomUUID } from 'node:crypto';
import type { Cancel } from '../contracts/clock.js';
import type { OpenConnection } from '../contracts/session.js';
import type { Waker, WakerContext, WakerStrategy } from '../contracts/waker.js';
import { type Duration, parseDuration } from '../core/duration.js';

export interface NotificationsOptions {
  /** How long a notification of the self-test may take; default 1 s. */
  readonly proof?: Duration;
  /** How long the listening connection outlives the last waiter, so that short waits do not open one each; default 10 s. */
  readonly linger?: Duration;
  /** When to test again after notifications were found not to arrive; default 10 min. */
  readonly retest?: Duration;
}

/**
 * Listens for the server's notifications on one connection while somebody waits; where the server has none, polls.
 *
 * A transaction pooler answers LISTEN with OK and delivers nothing, and a notification sent on the listening connection itself arrives all
 * the same, so each connection proves itself by one sent from another. Until then, and where the proof fails, the polling policy looks.
 *
 * @throws {RangeError} a negative duration
 */
export function notifications({ proof = 1_000, linger = 10_000, retest = '10m' }: NotificationsOptions = {}): WakerStrategy {
  const times: Times = {
    proofMs: parseDuration('proof', proof),
    lingerMs: parseDuration('linger', linger),
    retestMs: parseDuration('retest', retest),
  };
  return (context) => new Listener(context, times);
}

interface Times {
  readonly proofMs: number;
  readonly lingerMs: number;
  readonly retestMs: number;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

type State =
  /** Nothing is open. */
  | 'off'
  /** A connection is being opened or proven, or waits to be opened again. */
  | 'trying'
  | 'proven'
  /** The proof failed: nothing is open until the next test. */
  | 'useless';

class Listener implements Waker {
  readonly #context: WakerContext;
  readonly #times: Times;
  #state: State = 'off';
  #connection: OpenConnection | undefined;
  /** Counts the connections: whatever becomes of an earlier one is of no interest any more. */
  #attempt = 0;
  #failures = 0;
  #wanted = false;
  #testing = false;
  #closed = false;
  #lingering: Cancel | undefined;
  #nonce: string | undefined;
  #proven: (() => void) | undefined;

  constructor(context: WakerContext, times: Times) {
    this.#context = context;
    this.#times = times;
  }

  get listens(): boolean {
    return this.#context.listen !== undefined;
  }

  get reliable(): boolean {
    return this.#state === 'proven';
  }

  start(): void {
    this.#wanted = true;
    this.#lingering?.();
    this.#lingering = undefined;
    if (this.#state === 'off' && this.listens && !this.#closed) void this.#connect();
  }

  stop(): void {
    this.#wanted = false;
    this.#lingering ??= this.#context.clock.after(this.#times.lingerMs, () => this.#hangUp('off'));
  }

  doubt(): void {
    // One test at a time: a second one would leave the first without its answer.
    if (this.#state === 'proven' && !this.#testing) void this.#prove(this.#attempt);
  }

  close(): void {
    this.#closed = true;
    this.#lingering?.();
    this.#hangUp('off');
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt;
    this.#state = 'trying';
    try {
      const connection = await this.#context.listen?.(
        (payload) => this.#heard(payload),
        () => this.#failed(attempt, new Error('the listening connection broke')),
      );
      if (attempt !== this.#attempt) return connection?.close();
      this.#connection = connection;
    } catch (error) {
      return this.#failed(attempt, error);
    }
    await this.#prove(attempt);
  }

  /** From another connection: only that tells the truth. */
  async #prove(attempt: number): Promise<void> {
    this.#testing = true;
    let arrived: boolean;
    try {
      arrived = await this.#arrives();
    } catch (error) {
      // A server that does not answer is no proof against notifications, nor for them.
      return this.#failed(attempt, error);
    }
    if (attempt !== this.#attempt) return;
    this.#testing = false;
    if (!arrived) return this.#giveUp();
    this.#failures = 0;
    if (this.#state !== 'proven') this.#context.changed(true);
    this.#state = 'proven';
    // What was handed over before this connection listened was not heard.
    this.#context.wake(undefined);
  }

  /** @throws the notification could not be sent */
  async #arrives(): Promise<boolean> {
    const { clock, notify } = this.#context;
    const nonce = (this.#nonce = `test ${randomUUID()}`);
    const heard = new Promise<void>((resolve) => (this.#proven = resolve));
    await notify(nonce);
    return new Promise((resolve) => {
      const cancel = clock.after(this.#times.proofMs, () => resolve(false));
      void heard.then(() => (cancel(), resolve(true)));
    });
  }

  #heard(payload: string): void {
    if (payload === this.#nonce) this.#proven?.();
    else if (!payload.startsWith('test ')) this.#context.wake(payload === LOOK ? undefined : payload);
  }

  /** The connection could not be opened, or tested, or broke: another one is opened later, if somebody waits. */
  #failed(attempt: number, why: unknown): void {
    if (attempt !== this.#attempt) return;
    if (this.#state === 'proven' || this.#failures === 0) this.#context.changed(false, why);
    this.#disconnect();
    this.#state = this.#wanted ? 'trying' : 'off';
    if (this.#state === 'off') return;
    const next = this.#attempt;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
    this.#context.clock.after(pauseMs, () => {
      if (next === this.#attempt) void this.#connect();
    });
  }

  #giveUp(): void {
    this.#hangUp('useless');
    this.#context.changed(false, new Error('notifications do not arrive on this connection, as behind a transaction pooler'));
    this.#context.clock.after(this.#times.retestMs, () => {
      if (this.#state !== 'useless') return;
      this.#state = 'off';
      if (this.#wanted) this.start();
    });
  }

  #hangUp(state: State): void {
    this.#lingering = undefined;
    if (this.#state !== 'useless') this.#state = state;
    this.#disconnect();
  }

  #disconnect(): void {
    this.#attempt++;
    this.#testing = false;
    this.#connection?.close();
    this.#connection = undefined;
  }
}

/** The payload that asks for a look, where no owner id was handed the lock: it rests, and until when has changed. */
const LOOK = 'look';
