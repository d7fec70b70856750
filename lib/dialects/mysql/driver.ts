import type { Driver } from '../../contracts/driver.js';
import type { Row, Statement } from '../../contracts/session.js';
import { runInTurn } from '../sql/follow-ups.js';
import { toChange } from '../sql/my/changes.js';
import { classify } from '../sql/my/errors.js';
import { CLUSTER_SETTING, CLUSTERED, SESSION_SETTINGS } from '../sql/my/settings.js';

/** A connection of `mysql2`, by shape: the package is optional. */
export interface Mysql2Connection {
  query(text: string, answer: Answer): unknown;
  execute(text: string, values: readonly unknown[], answer: Answer): unknown;
  unprepare(text: string): unknown;
  on(event: 'error' | 'end', listener: () => void): unknown;
  removeAllListeners(event: 'error'): unknown;
  readonly stream: { ref(): void; unref(): void; destroy(): void };
}

type Answer = (error: Error | null, result?: Row[] | { readonly insertId: unknown; readonly affectedRows: unknown }) => void;

/** `mysql2`'s own connection, past `sequelize.query`. */
export const driver: Driver<Mysql2Connection> = {
  async prepare(connection) {
    // Sequelize's listener would look for this connection in the application's pool.
    connection.removeAllListeners('error');
    connection.on('error', () => undefined);
    for (const text of SESSION_SETTINGS) await answered((answer) => connection.query(text, answer));
    const clustered = await answered((answer) => connection.query(CLUSTERED, answer));
    if (clustered.length > 0) await answered((answer) => connection.query(CLUSTER_SETTING, answer));
    return connection;
  },

  run: (connection, statement) => runInTurn((each) => send(connection, each), statement),

  destroy: ({ stream }) => stream.destroy(),

  onBroken(connection, fn) {
    connection.on('error', fn);
    connection.on('end', fn);
  },

  keepAlive: ({ stream }, alive) => (alive ? stream.ref() : stream.unref()),

  classify,
};

// Values never become a part of the text: how they would have to be written depends on the session's sql_mode.
async function send(connection: Mysql2Connection, { id, text, values }: Statement): Promise<readonly Row[]> {
  if (values.length === 0) return answered((answer) => connection.query(text, answer));
  try {
    return await answered((answer) => connection.execute(text, values, answer));
  } finally {
    if (id === '') connection.unprepare(text);
  }
}

const answered = (ask: (answer: Answer) => void) =>
  new Promise<readonly Row[]>((resolve, reject) => {
    ask((error, result = []) => {
      if (error) reject(error);
      else resolve(Array.isArray(result) ? result : [toChange(result)]);
    });
  });
