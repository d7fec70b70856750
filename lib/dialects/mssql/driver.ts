import type { Driver } from '../../contracts/driver.js';
import type { Row, Statement } from '../../contracts/session.js';
import { classify } from './errors.js';

/** A connection of `tedious` as Sequelize makes it, by shape: the package is optional. */
export interface TediousConnection {
  execSql(request: TediousRequest): void;
  close(): void;
  on(event: 'error' | 'end', listener: () => void): unknown;
  removeAllListeners(event: 'error'): unknown;
  /** Sequelize puts the driver's module here. */
  readonly lib: {
    readonly Request: new (text: string, done: (error: Error | null | undefined) => void) => TediousRequest;
    readonly TYPES: { readonly NVarChar: unknown; readonly BigInt: unknown };
  };
  /** No part of its interface, and the only way to the socket. */
  readonly socket?: { ref(): void; unref(): void };
}

export interface TediousRequest {
  addParameter(name: string, type: unknown, value: unknown, options?: { readonly length: number }): void;
  on(event: 'row', listener: (columns: readonly Column[]) => void): unknown;
  setTimeout(ms: number): void;
}

interface Column {
  readonly value: unknown;
  readonly metadata: { readonly colName: string };
}

/** Longer than any statement of ours may take: what its sender has long given up must not run on. */
export const LONGEST_STATEMENT_MS = 10_000;

/** The most characters that a parameter may have without being a `max`. */
const LONGEST_TEXT = 4_000;

/** `tedious`'s own connection, past `sequelize.query`. Every batch brings its settings with it, so nothing is left to be set here. */
export const driver: Driver<TediousConnection> = {
  prepare(connection) {
    // Sequelize's listener would look for this connection in the application's pool.
    connection.removeAllListeners('error');
    connection.on('error', () => undefined);
    return Promise.resolve(connection);
  },

  run: send,

  destroy: (connection) => connection.close(),

  onBroken(connection, fn) {
    connection.on('error', fn);
    connection.on('end', fn);
  },

  keepAlive({ socket }, alive) {
    if (alive) socket?.ref();
    else socket?.unref();
  },

  classify,
};

/** Answers the rows of all statements of the batch, in their order. */
function send(connection: TediousConnection, { text, values }: Statement): Promise<readonly Row[]> {
  const { Request, TYPES } = connection.lib;
  return new Promise((resolve, reject) => {
    const rows: Row[] = [];
    const request = new Request(text, (error) => (error ? reject(error) : resolve(rows)));
    values.forEach((value, at) => {
      if (typeof value === 'string') request.addParameter(`p${at + 1}`, TYPES.NVarChar, value, { length: declaredLength(value) });
      else request.addParameter(`p${at + 1}`, TYPES.BigInt, value);
    });
    request.on('row', (columns) => rows.push(toRow(columns)));
    request.setTimeout(LONGEST_STATEMENT_MS);
    connection.execSql(request);
  });
}

/** By its own length each text would be of another type, and the server would keep a plan for each. */
const declaredLength = (text: string) => (text.length <= LONGEST_TEXT ? LONGEST_TEXT : Infinity);

const toRow = (columns: readonly Column[]): Row => Object.fromEntries(columns.map(({ value, metadata }) => [metadata.colName, value]));
