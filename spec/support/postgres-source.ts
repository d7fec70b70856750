import pg from 'pg';
import { PgServer } from './pg-server.js';

/** Where the specs' PostgreSQL databases come from. */
export interface PostgresSource {
  /** The address of `database` on the server. */
  url(database: string): string;
  /** What the server has logged so far; `undefined` where its log is out of reach. */
  logLines?(): string[];
  stop(): Promise<void>;
}

let source: Promise<PostgresSource> | undefined;

/** The one server of this run, started at the first call; rejects with why there is none. */
export function postgresSource(): Promise<PostgresSource> {
  return (source ??= given() ?? container().catch(embedded));
}

export async function stopPostgresSource(): Promise<void> {
  const running = await source?.catch(() => undefined);
  source = undefined;
  await running?.stop();
}

/** Runs one administrative statement. */
export async function administer(server: PostgresSource, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function given(): Promise<PostgresSource> | undefined {
  const address = process.env.LOCKS_POSTGRES_URL;
  return address === undefined || address === '' ? undefined : Promise.resolve(serverAt(address, () => Promise.resolve()));
}

async function container(): Promise<PostgresSource> {
  const { getContainerRuntimeClient } = await import('testcontainers');
  await getContainerRuntimeClient();
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const started = await new PostgreSqlContainer('postgres:18-alpine').start();
  return serverAt(started.getConnectionUri(), () => started.stop().then(() => undefined));
}

async function embedded(noDocker: unknown): Promise<PostgresSource> {
  try {
    const server = await PgServer.create();
    return { url: (database) => server.url(database), logLines: () => server.logLines(), stop: () => server.remove() };
  } catch (noBinaries) {
    throw new AggregateError(
      [noDocker, noBinaries],
      `no LOCKS_POSTGRES_URL, no Docker (${String(noDocker)}), no binaries (${String(noBinaries)})`,
    );
  }
}

function serverAt(address: string, stop: () => Promise<void>): PostgresSource {
  return {
    url(database) {
      const url = new URL(address);
      url.pathname = database;
      return url.href;
    },
    stop,
  };
}
