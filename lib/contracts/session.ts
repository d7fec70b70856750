/** One SQL statement with its bound values. Statements of one `id` and one lock table have one text, so a driver may prepare that once. */
export interface Statement {
  readonly id: string;
  readonly text: string;
  readonly values: readonly unknown[];
  /**
   * What follows on the same connection where this one's answer asks for it, for servers whose changes tell no more than that they were made.
   * The dialect's own driver runs it, and answers the rows of both. It only reads, or goes on where this one did nothing yet.
   */
  readonly followUp?: (rows: readonly Row[]) => Statement | undefined;
}

export type Row = Readonly<Record<string, unknown>>;

/** What a failure says about the row. */
export interface Failure {
  /** `'unknown'`: the statement may have been carried out although no answer came. */
  readonly outcome: 'not-done' | 'unknown';
  /** True where the same statement may succeed soon. */
  readonly transient: boolean;
  /** Another transaction won the race for the same row: the database is well, and a lock that is asked for is busy at worst. */
  readonly conflict?: boolean;
  /** The connection is of no use any more, though the statement was answered. */
  readonly useless?: boolean;
  /** The lock table, or a part of it, is not there. */
  readonly missingTable?: boolean;
}

/** A statement that was not answered as asked; the only way in which {@link Session.run} rejects. */
export class StatementError extends Error {
  override readonly name = 'StatementError';

  constructor(
    readonly failure: Failure,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Runs statements one by one, each in a transaction of its own, never in one of the application's. */
export interface Session {
  /**
   * @param write the statement, written when there is a connection for it: what came up while it waited can go with it
   * @param timeoutMs the statement's own deadline, waiting for a connection included; a connection that did not answer in time is given up
   * @param urgent goes before whatever waits for a connection and is not: a renewal must not be lost behind a thousand asks
   * @throws {StatementError}
   */
  run(write: () => Statement, timeoutMs: number, urgent?: boolean): Promise<readonly Row[]>;
  /**
   * Listens on a connection of its own, which the caller closes; `undefined` where the driver cannot.
   *
   * @throws {StatementError}
   */
  readonly listen: ((registry: string, listener: Listener, timeoutMs: number) => Promise<OpenConnection>) | undefined;
  /** Closes what is idle now and what is busy when it is done, at the latest after `graceMs`. Nothing runs afterwards. */
  close(graceMs: number): Promise<void>;
}

export interface Listener {
  readonly heard: (payload: string) => void;
  readonly broken: () => void;
}

/** A connection outside the pool. */
export interface OpenConnection {
  close(): void;
}
