import { createRequire } from 'node:module';
import type * as mariadb from 'mariadb';
import mysql2 from 'mysql2/promise';
import { MariadbServer } from './mariadb-server.js';

/** Where the specs' MariaDB databases come from, or those of MySQL. */
export interface MariadbSource {
  /** The address of `database` on the server, for the driver that `scheme` names. */
  url(database: string, scheme: 'mariadb' | 'mysql'): string;
  /** The errors that the server has told clients of so far; `undefined` where they are out of reach. */
  logLines?(): string[];
  stop(): Promise<void>;
}

let mariadbServer: Promise<MariadbSource> | undefined;
let mysqlServer: Promise<MariadbSource> | undefined;

/** The one MariaDB of this run, started at the first call; rejects with why there is none. */
export function mariadbSource(): Promise<MariadbSource> {
  return (mariadbServer ??= given('LOCKS_MARIADB_URL') ?? container('mariadb:11.8', 'MARIADB_ALLOW_EMPTY_ROOT_PASSWORD').catch(installed));
}

/** A MySQL where there is one, and else the MariaDB of this run: the dialect is spoken to both. */
export function mysqlSource(): Promise<MariadbSource> {
  return (mysqlServer ??= given('LOCKS_MYSQL_URL') ?? container('mysql:8.4', 'MYSQL_ALLOW_EMPTY_PASSWORD').catch(() => mariadbSource()));
}

export async function stopMariadbSource(): Promise<void> {
  const [one, other] = await Promise.all([mariadbServer?.catch(() => undefined), mysqlServer?.catch(() => undefined)]);
  [mariadbServer, mysqlServer] = [undefined, undefined];
  await one?.stop();
  if (other !== one) await other?.stop();
}

// As Sequelize loads it: its other build has other classes.
const { createConnection } = createRequire(import.meta.url)('mariadb') as typeof mariadb;
let prototype: object | undefined;

/** What all connections of the driver have in common, which it does not export; `undefined` before there was one. */
export const mariadbConnections = (): object | undefined => prototype;

/** Runs administrative statements through the driver that `scheme` names. */
export async function administerMariadb(server: MariadbSource, scheme: 'mariadb' | 'mysql', ...statements: string[]): Promise<void> {
  const client: Client = await (scheme === 'mysql' ? mysql2.createConnection(server.url('mysql', scheme)) : mariadbClient(server));
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

interface Client {
  query(statement: string): Promise<unknown>;
  end(): Promise<void>;
}

async function mariadbClient(server: MariadbSource): Promise<mariadb.Connection> {
  const { hostname, port, username, password } = new URL(server.url('mysql', 'mariadb'));
  const client = await createConnection({ host: hostname, port: Number(port), user: username, password: decodeURIComponent(password) });
  prototype = Object.getPrototypeOf(client) as object;
  return client;
}

function given(variable: string): Promise<MariadbSource> | undefined {
  const address = process.env[variable];
  return address === undefined || address === '' ? undefined : Promise.resolve(serverAt(address, () => Promise.resolve()));
}

async function container(image: string, withoutPassword: string): Promise<MariadbSource> {
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
  await getContainerRuntimeClient();
  const started = await new GenericContainer(image)
    .withEnvironment({ [withoutPassword]: '1' })
    .withExposedPorts(3306)
    // While it makes its databases it has no port.
    .withWaitStrategy(Wait.forLogMessage(/port: 3306/))
    .start();
  return serverAt(`mariadb://root@${started.getHost()}:${started.getMappedPort(3306)}/`, () => started.stop().then(() => undefined));
}

async function installed(noDocker: unknown): Promise<MariadbSource> {
  try {
    const server = await MariadbServer.create();
    return { url: (database, scheme) => server.url(database, scheme), logLines: () => server.errorLines(), stop: () => server.remove() };
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
