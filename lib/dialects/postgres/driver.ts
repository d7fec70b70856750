import type { Driver } from '../../contracts/driver.js';
import type { Row, Statement } from '../../contracts/session.js';
import { classify } from './errors.js';
import { preparedName } from './prepared-name.js';
import { channelOf } from './sql.js';

/** A client of `pg`, by shape: the package is optional. */
export interface PgClient {
  query(query: { text: string; values?: readonly unknown[]; name?: string } | string): Promise<Answer>;
  on(event: 'notification', listener: (message: { channel: string; payload?: string }) => void): unknown;
  on(event: 'notice', listener: (notice: { readonly routine?: string | undefined }) => void): unknown;
  on(event: 'error' | 'end', listener: () => void): unknown;
  removeAllListeners(event: 'error'): unknown;
  ref(): void;
  unref(): void;
  readonly connection: { readonly stream: { destroy(): void } };
}

interface Answer {
  readonly rows: Row[];
  /** Those of `rows`; none where the statement returns none. */
  readonly fields: readonly unknown[];
  readonly rowCount: number | null;
}

/** Clients behind a transaction pooler, where a statement prepared under a name is on another connection next time. */
const unnamed = new WeakSet<PgClient>();
const poolerErrors = new Set(['42P05', '26000']);

/**
 * Clients whose last COMMIT did not wait for the standby to the end: somebody cancelled the wait, and the server answers as if all were well
 * (https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION). After a failover what it answered may not be so.
 */
const unconfirmed = new WeakMap<PgClient, object>();
const STANDBY_WAIT = 'SyncRepWaitForLSN';

/** Longer than any statement of ours may take: what its sender has long given up must not run on. */
export const SERVER_TIMEOUT_MS = 10_000;

// Ours find rows by their key, whatever the values: planned once instead of anew for each of the first five times
// (https://www.postgresql.org/docs/current/sql-prepare.html).
const settings = `
  SET default_transaction_isolation = 'read committed';
  SET default_transaction_read_only = off;
  SET statement_timeout = ${SERVER_TIMEOUT_MS};
  SET lock_timeout = ${SERVER_TIMEOUT_MS};
  SET plan_cache_mode = force_generic_plan;
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`;

/** `pg`'s own client, past `sequelize.query`: half the time of one statement is spent there. */
export const driver: Driver<PgClient> = {
  async prepare(client) {
    // Sequelize's listener would look for this client in the application's pool.
    client.removeAllListeners('error');
    client.on('error', () => undefined);
    client.on('notice', (notice) => notice.routine === STANDBY_WAIT && unconfirmed.set(client, notice));
    await client.query(settings);
    return client;
  },

  async run(client, statement) {
    const { rows, fields, rowCount } = await send(client, statement);
    const cause = unconfirmed.get(client);
    if (cause) throw new Error('The wait for the standby was cancelled: the server may forget what it answered.', { cause });
    // A statement that returns no rows tells how many it changed: a row that says so costs the server and the driver.
    return fields.length > 0 ? rows : [{ affectedRows: rowCount }];
  },

  destroy: (client) => client.connection.stream.destroy(),

  onBroken(client, fn) {
    client.on('error', fn);
    client.on('end', fn);
  },

  keepAlive: (client, alive) => (alive ? client.ref() : client.unref()),

  classify,

  async listen(client, registry, heard) {
    client.on('notification', (message) => heard(message.payload ?? ''));
    await client.query(`LISTEN "${channelOf(registry)}"`);
  },
};

/** What a pooler's server refused by its name was not begun: it goes out again without one, as all that follow it do. */
async function send(client: PgClient, { id, text, values }: Statement): Promise<Answer> {
  if (id === '' || unnamed.has(client)) return client.query({ text, values });
  try {
    return await client.query({ name: preparedName(id, text), text, values });
  } catch (error) {
    if (!poolerErrors.has((error as { code?: string }).code ?? '')) throw error;
    unnamed.add(client);
    return client.query({ text, values });
  }
}
