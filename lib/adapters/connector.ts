import type { Clock } from '../contracts/clock.js';
import type { ConnectionSource, Driver } from '../contracts/driver.js';
import { type Failure, type Listener, type OpenConnection, StatementError } from '../contracts/session.js';

const notSent: Failure = { outcome: 'not-done', transient: true };

/** Opens connections in a given time or not at all: one that comes later is closed again. */
export class Connector {
  readonly #source: ConnectionSource;
  readonly #driver: Driver;
  readonly #clock: Clock;

  constructor(source: ConnectionSource, driver: Driver, clock: Clock) {
    this.#source = source;
    this.#driver = driver;
    this.#clock = clock;
  }

  /** A connection that is ready for lock statements. @throws {StatementError} there is none in time */
  async connect(timeoutMs: number): Promise<unknown> {
    let opened: unknown;
    let givenUp = false;
    const prepared = async (): Promise<unknown> => {
      opened = await this.#source.open();
      if (givenUp) return this.#driver.destroy(opened);
      return this.#driver.prepare(opened, timeoutMs);
    };
    try {
      return await this.#inTime(timeoutMs, prepared());
    } catch (error) {
      givenUp = true;
      // Nobody else knows of one that was opened and could not be readied.
      if (opened !== undefined) this.#driver.destroy(opened);
      throw error instanceof StatementError
        ? error
        : new StatementError({ ...this.#driver.classify(error, false), outcome: 'not-done' }, error);
    }
  }

  /** One of its own that hears what is said to `registry`. @throws {StatementError} there is none in time */
  async listen(registry: string, { heard, broken }: Listener, timeoutMs: number): Promise<OpenConnection> {
    const connection = await this.connect(timeoutMs);
    const close = () => this.#driver.destroy(connection);
    this.#driver.onBroken(connection, broken);
    try {
      await this.#inTime(timeoutMs, this.#driver.listen?.(connection, registry, heard) ?? Promise.resolve());
    } catch (error) {
      close();
      throw error;
    }
    // Only now: a script that waits for the answer may have nothing else left to do.
    this.#driver.keepAlive(connection, false);
    return { close };
  }

  #inTime<T>(ms: number, promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const tooLate = new StatementError(notSent, new Error(`No connection within ${Math.round(ms)} ms.`));
      const cancel = this.#clock.after(ms, () => reject(tooLate));
      promise.then(resolve, reject).finally(cancel);
    });
  }
}
