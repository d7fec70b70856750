import type { Driver } from '../../contracts/driver.js';
import type { Row, Statement } from '../../contracts/session.js';
import { runInTurn } from '../sql/follow-ups.js';
import { toChange } from '../sql/my/changes.js';
import { classify } from '../sql/my/errors.js';
import { CLUSTER_SETTING, CLUSTERED, LONGEST_STATEMENT_S, SESSION_SETTINGS } from '../sql/my/settings.js';

/** A connection of `mariadb` with promises, by shape: the package is optional. */
export interface MariadbConnection {
  query(text: string): Promise<Answer>;
  execute(text: string, values: readonly unknown[]): Promise<Answer>;
  destroy(): void;
  on(event: 'error' | 'end', listener: () => void): unknown;
  removeAllListeners(event: 'error'): unknown;
  /** The only way to the socket. */
  readonly __tests?: { getSocket?(): Socket | undefined };
}

interface Socket {
  ref(): void;
  unref(): void;
  destroy(): void;
}

type Answer = Row[] | { readonly insertId: unknown; readonly affectedRows: unknown };

/** `mariadb`'s own connection, past `sequelize.query`. */
export const driver: Driver<MariadbConnection> = {
  async prepare(connection) {
    // Sequelize's listener would look for this connection in the application's pool.
    connection.removeAllListeners('error');
    connection.on('error', () => undefined);
    for (const text of SESSION_SETTINGS) await connection.query(text);
    await connection.query(`SET SESSION max_statement_time = ${LONGEST_STATEMENT_S}`);
    const clustered = await connection.query(CLUSTERED);
    if (Array.isArray(clustered) && clustered.length > 0) await connection.query(CLUSTER_SETTING);
    return connection;
  },

  run: (connection, statement) => runInTurn((each) => send(connection, each), statement),

  // The driver's own way would wait for another connection, on which it kills this one.
  destroy(connection) {
    const socket = socketOf(connection);
    if (socket) socket.destroy();
    else connection.destroy();
  },

  onBroken(connection, fn) {
    connection.on('error', fn);
    connection.on('end', fn);
  },

  keepAlive(connection, alive) {
    const socket = socketOf(connection);
    if (alive) socket?.ref();
    else socket?.unref();
  },

  classify,
};

const socketOf = (connection: MariadbConnection) => connection.__tests?.getSocket?.();

// Values never become a part of the text: how they would have to be written depends on the session's sql_mode. The driver keeps what it
// prepared, on each connection up to a number of its own, and has no way to be told otherwise.
async function send(connection: MariadbConnection, { text, values }: Statement): Promise<readonly Row[]> {
  const answer = await (values.length === 0 ? connection.query(text) : connection.execute(text, values));
  return Array.isArray(answer) ? answer : [toChange(answer)];
}
