import { createRequire } from 'node:module';
import type * as mariadb from 'mariadb';
import { MariadbServer } from './mariadb-server.js';

/** Where the specs' MariaDB databases come from, or those of MySQL. */
export interface MariadbSource {
  /** The address of `database` on the server, for the driver that `scheme` names. */
  url(database: string, scheme: 'mariadb' | 'mysql'): string;
  /** What the server has logged so far; `undefined` where its log is out of reach. */
  logLines?(): string[];
  stop(): Promise<void>;
}

let source: Promise<MariadbSource> | undefined;

/** The one server of this run, started at the first call; rejects with why there is none. */
export function mariadbSource(): Promise<MariadbSource> {
  return (source ??= given('LOCKS_MARIADB_URL') ?? container().catch(installed));
}

/** A MySQL that was given, or else the MariaDB of this run: the dialect is spoken to both. */
export function mysqlSource(): Promise<MariadbSource> {
  return given('LOCKS_MYSQL_URL') ?? mariadbSource();
}

export async function stopMariadbSource(): Promise<void> {
  const running = await source?.catch(() => undefined);
  source = undefined;
  await running?.stop();
}

// As Sequelize loads it: its other build has other classes.
const { createConnection } = createRequire(import.meta.url)('mariadb') as typeof mariadb;
let prototype: object | undefined;

/** What all connections of the driver have in common, which it does not export; `undefined` before there was one. */
export const mariadbConnections = (): object | undefined => prototype;

/** Runs administrative statements. */
export async function administerMariadb(server: MariadbSource, ...statements: string[]): Promise<void> {
  const { hostname, port, username, password } = new URL(server.url('mysql', 'mariadb'));
  const client = await createConnection({ host: hostname, port: Number(port), user: username, password: decodeURIComponent(password) });
  prototype = Object.getPrototypeOf(client) as object;
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

function given(variable: string): Promise<MariadbSource> | undefined {
  const address = process.env[variable];
  return address === undefined || address === '' ? undefined : Promise.resolve(serverAt(address, () => Promise.resolve()));
}

async function container(): Promise<MariadbSource> {
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
  await getContainerRuntimeClient();
  const started = await new GenericContainer('mariadb:11.8')
    .withEnvironment({ MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: '1' })
    .withExposedPorts(3306)
    // Once while it makes its database, and once when it is there to stay.
    .withWaitStrategy(Wait.forLogMessage(/port: 3306/, 1))
    .start();
  return serverAt(`mariadb://root@${started.getHost()}:${started.getMappedPort(3306)}/`, () => started.stop().then(() => undefined));
}

async function installed(noDocker: unknown): Promise<MariadbSource> {
  try {
    const server = await MariadbServer.create();
    return { url: (database, scheme) => server.url(database, scheme), logLines: () => server.logLines(), stop: () => server.remove() };
  } catch (noBinaries) {
    throw new AggregateError(
      [noDocker, noBinaries],
      `no LOCKS_MARIADB_URL, no Docker (${String(noDocker)}), no binaries (${String(noBinaries)})`,
    );
  }
}

function serverAt(address: string, stop: () => Promise<void>): MariadbSource {
  return {
    url(database, scheme) {
      const url = new URL(address.replace(/^\w+:/, `${scheme}:`));
      url.pathname = database;
      return url.href;
    },
    stop,
  };
}
