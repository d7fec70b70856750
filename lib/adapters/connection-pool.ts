import type { Cancel, Clock } from '../contracts/clock.js';
import type { ConnectionSource, Driver } from '../contracts/driver.js';
import { type Failure, type Row, type Session, type Statement, StatementError } from '../contracts/session.js';
import { leave, Line } from '../core/line.js';
import { Connector } from './connector.js';

export interface PoolOptions {
  /** The most connections at once. */
  readonly max: number;
  /** A connection without work is closed after so long; 0 gives it back after every statement. */
  readonly idleMs: number;
}

interface Waiting {
  readonly take: (connection: unknown) => void;
  readonly fail: (error: StatementError) => void;
}

/**
 * A connection may take so long to open, whatever the statement may wait for which it is opened: with a short ttl none would ever be there
 * where greetings take longer than a statement may. Not longer, so that a slot is soon free again when the network heals.
 */
const OPENING_MS = 1_500;
/** With less left for its answer a statement is not sent: it would most likely be carried out unheard, at the price of its connection. */
const LEAST_MS = 5;

const closedPool = () => new StatementError({ outcome: 'not-done', transient: false }, new Error('The pool is closed.'));

const noAnswer: Failure = { outcome: 'unknown', transient: true };
const notSent: Failure = { outcome: 'not-done', transient: true };

/**
 * A few connections for lock statements alone, opened on demand and closed when idle, so that an exhausted application pool cannot lose leases.
 *
 * Every statement has a deadline of its own. A connection that missed it is destroyed and never waited for: a black-holed one stays silent for ever.
 */
export class ConnectionPool implements Session {
  readonly listen: Session['listen'];
  readonly #source: ConnectionSource;
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #connector: Connector;
  readonly #options: PoolOptions;
  readonly #idle: { connection: unknown; sinceMs: number }[] = [];
  readonly #urgent = new Line<Waiting>();
  readonly #waiting = new Line<Waiting>();
  readonly #broken = new WeakSet<object>();
  /** Ends what is under way, one for each statement without an answer. */
  readonly #unanswered = new Set<(why: string) => void>();
  #open = 0;
  #closed = false;
  #sweeping: Cancel | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(source: ConnectionSource, driver: Driver, clock: Clock, options: PoolOptions) {
    this.#source = source;
    this.#driver = driver;
    this.#connector = new Connector(source, driver, clock);
    this.listen = driver.listen && ((registry, listener, timeoutMs) => this.#connector.listen(registry, listener, timeoutMs));
    this.#clock = clock;
    this.#options = options;
  }

  async run(write: () => Statement, timeoutMs: number, urgent = false): Promise<readonly Row[]> {
    const idle = this.#idle.pop();
    if (!idle) return this.#runLater(write, timeoutMs, urgent ? this.#urgent : this.#waiting);
    this.#driver.keepAlive(idle.connection, true);
    // What is given back in the same breath goes with it.
    await Promise.resolve();
    return this.#runOn(idle.connection, write(), timeoutMs);
  }

  async #runLater(write: () => Statement, timeoutMs: number, line: Line<Waiting>): Promise<readonly Row[]> {
    const startedMs = this.#clock.now().monotonicMs;
    const connection = await this.#await(timeoutMs, line);
    const leftMs = timeoutMs - (this.#clock.now().monotonicMs - startedMs);
    if (leftMs < Math.min(LEAST_MS, timeoutMs)) {
      this.#serve(connection);
      throw new StatementError(notSent, new Error(`No connection soon enough within ${Math.round(timeoutMs)} ms.`));
    }
    return this.#runOn(connection, write(), leftMs);
  }

  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    this.#sweeping?.();
    for (let waiting = this.#next(); waiting; waiting = this.#next()) waiting.fail(closedPool());
    const closing = this.#idle.splice(0).map(({ connection }) => {
      // Somebody waits for this, so the process stays alive for it: a script may have nothing else left to do.
      this.#driver.keepAlive(connection, true);
      return this.#dismiss(connection);
    });
    const busyDone = new Promise<void>((resolve) => (this.#open === 0 ? resolve() : (this.#whenEmpty = resolve)));
    await within(graceMs, this.#clock, Promise.all([...closing, busyDone]));
    for (const giveUp of this.#unanswered) giveUp('The pool was closed before the answer was here.');
  }

  #await(timeoutMs: number, line: Line<Waiting>): Promise<unknown> {
    if (this.#closed) throw closedPool();
    return new Promise((resolve, reject) => {
      const done = () => {
        cancel();
        leave(place);
      };
      const waiting: Waiting = {
        take: (connection) => (done(), resolve(connection)),
        fail: (error) => (done(), reject(error)),
      };
      const cancel = this.#clock.after(timeoutMs, () =>
        waiting.fail(new StatementError(notSent, new Error(`No connection within ${Math.round(timeoutMs)} ms.`))),
      );
      const place = line.enter(waiting);
      if (this.#open < this.#options.max) void this.#openOne(timeoutMs);
    });
  }

  /** Opens a connection for whoever waits longest when it is there; a failure is that caller's too. */
  async #openOne(timeoutMs = OPENING_MS): Promise<void> {
    this.#open++;
    try {
      const connection = await this.#connector.connect(Math.max(timeoutMs, OPENING_MS));
      this.#driver.onBroken(connection, () => this.#broke(connection));
      this.#serve(connection);
    } catch (error) {
      this.#left();
      this.#next()?.fail(error as StatementError);
      if (this.#next() && this.#open < this.#options.max && !this.#closed) void this.#openOne(timeoutMs);
    }
  }

  /** One that broke while it was busy is given up when its statement ends. */
  #broke(connection: unknown): void {
    this.#broken.add(connection as object);
    const at = this.#idle.findIndex((idle) => idle.connection === connection);
    if (at === -1) return;
    this.#idle.splice(at, 1);
    this.#driver.destroy(connection);
    this.#left();
  }

  #runOn(connection: unknown, statement: Statement, timeoutMs: number): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      const running = this.#driver.run(connection, statement);
      /** False where it was given up before. */
      const ended = (): boolean => (cancel(), this.#unanswered.delete(giveUp));
      const giveUp = (why: string): void => {
        ended();
        this.#giveUp(connection);
        reject(new StatementError(noAnswer, new Error(why)));
      };
      const cancel = this.#clock.after(timeoutMs, () => giveUp(`No answer within ${Math.round(timeoutMs)} ms.`));
      this.#unanswered.add(giveUp);
      running.then(
        (rows) => {
          if (!ended()) return;
          this.#serve(connection);
          resolve(rows);
        },
        (error: unknown) => {
          if (!ended()) return;
          const failure = this.#driver.classify(error, true);
          if (failure.outcome === 'unknown' || failure.useless) this.#giveUp(connection);
          else this.#serve(connection);
          reject(new StatementError(failure, error));
        },
      );
    });
  }

  /** Gives a free connection to whoever waits longest. */
  #serve(connection: unknown): void {
    if (this.#broken.has(connection as object)) return this.#giveUp(connection);
    const waiting = this.#next();
    if (waiting) return waiting.take(connection);
    if (this.#closed || this.#options.idleMs === 0) {
      void this.#dismiss(connection);
      return;
    }
    this.#driver.keepAlive(connection, false);
    this.#idle.push({ connection, sinceMs: this.#clock.now().monotonicMs });
    this.#sweeping ??= this.#clock.after(this.#options.idleMs, () => this.#sweep());
  }

  #next(): Waiting | undefined {
    return this.#urgent.first ?? this.#waiting.first;
  }

  #giveUp(connection: unknown): void {
    this.#driver.destroy(connection);
    this.#left();
    if (this.#next() && !this.#closed) void this.#openOne();
  }

  async #dismiss(connection: unknown): Promise<void> {
    this.#left();
    // Nobody can be told that a farewell failed, and nothing depends on it.
    await this.#source.close(connection).catch(() => this.#driver.destroy(connection));
  }

  #left(): void {
    this.#open--;
    if (this.#open === 0) this.#whenEmpty?.();
  }

  #sweep(): void {
    this.#sweeping = undefined;
    const nowMs = this.#clock.now().monotonicMs;
    // The least used are at the front, because the last one given back is taken first.
    while (this.#idle[0] && nowMs - this.#idle[0].sinceMs >= this.#options.idleMs) {
      const idle = this.#idle.shift();
      if (idle) void this.#dismiss(idle.connection);
    }
    if (this.#idle[0]) this.#sweeping = this.#clock.after(this.#options.idleMs - (nowMs - this.#idle[0].sinceMs), () => this.#sweep());
  }
}

async function within(ms: number, clock: Clock, work: Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = clock.after(ms, resolve);
    void work.then(() => (cancel(), resolve()));
  });
}
