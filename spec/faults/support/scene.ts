import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { QueryTypes } from 'sequelize';
import type { GaleraCluster } from '../../support/galera-cluster.js';
import type { GaleraNode } from '../../support/galera-node.js';
import { connect } from '../../support/databases.js';
import { PgBouncer } from '../../support/pg-bouncer.js';
import { PgServer } from '../../support/pg-server.js';
import { FakeTime } from '../../support/fake-time.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { galeraScene } from './galera-scene.js';
import { MyWire } from '../../support/wires.js';
import type { Grounds } from './grounds.js';
import { Pair } from '../../support/pg-pair.js';

export type DatabaseKind = 'postgres' | 'pgbouncer' | 'standby' | 'faketime' | 'mariadb' | 'mysql' | 'galera' | 'sqlite';

/** What faults do to a server. */
export type TestServer = Pick<PgServer, 'pid' | 'start' | 'kill'>;

/** How one worker reaches the database. */
export interface Way {
  readonly url: string;
  readonly directUrl: string;
  readonly ledgerUrl: string;
  readonly proxy: FaultProxy | undefined;
  /** The node that it leads to, where there are several. */
  readonly node?: GaleraNode;
  /** What the worker's process is started with. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A database that one trial has for itself. */
export interface Scene {
  /** The server, where there is one. */
  readonly server: TestServer | undefined;
  /** The second server, where there is one. */
  readonly pair?: Pair;
  /** The servers, where all of them take writes. */
  readonly cluster?: GaleraCluster;
  readonly ledgerUrl: string;
  /** A way of its own for each worker. */
  newWay(): Promise<Way>;
  /** Sets the server's clock so far ahead, or back, where it has one of its own. */
  setClock?(aheadMs: number): void;
  /** Ends one session of those that use locks, as an administrator would; false where there is none just now. */
  endSession?(): Promise<boolean>;
  /** Runs one statement at the database, past every proxy and pooler. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  drop(): Promise<void>;
}

const makers: Readonly<Record<DatabaseKind, (grounds: Grounds) => Promise<Scene>>> = {
  postgres: (grounds) => postgresScene(grounds, false),
  pgbouncer: (grounds) => postgresScene(grounds, true),
  standby: standbyScene,
  faketime: fakeTimeScene,
  mariadb: (grounds) => myScene(grounds, 'mariadb'),
  mysql: (grounds) => myScene(grounds, 'mysql'),
  galera: async (grounds) => galeraScene(await grounds.galera(), await postgresScene(grounds, false)),
  sqlite: sqliteScene,
};

/** @throws where PgBouncer is not installed */
export function openScene(kind: DatabaseKind, grounds: Grounds): Promise<Scene> {
  return makers[kind](grounds);
}

function postgresScene(grounds: Grounds, pooled: boolean): Promise<Scene> {
  return grounds.server().then((server) => sceneAt(server, pooled));
}

async function sceneAt(server: PgServer, pooled: boolean): Promise<Scene> {
  const name = `faults_${randomBytes(6).toString('hex')}`;
  const query = (sql: string, database = name) => queryOnce(server.url(database), sql);
  await query(`CREATE DATABASE ${name}`, 'postgres');
  const bouncer = pooled ? await PgBouncer.start(new URL(server.url())) : undefined;
  const proxies: FaultProxy[] = [];
  return {
    server,
    ledgerUrl: server.url(name),
    query,
    endSession: async () => (await query(END_SESSION)).length > 0,

    async newWay() {
      const proxy = await FaultProxy.open(bouncer?.port ?? server.port);
      proxies.push(proxy);
      const url = `postgres://postgres@127.0.0.1:${proxy.port}/${name}`;
      return { url, directUrl: server.url(name), ledgerUrl: server.url(name), proxy };
    },

    async drop() {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await bouncer?.stop();
      await query(`DROP DATABASE ${name} WITH (FORCE)`, 'postgres');
    },
  };
}

/** The server and each worker have a clock of their own, which all that they run sees. */
async function fakeTimeScene(): Promise<Scene> {
  const clock = new FakeTime();
  const server = await PgServer.create({}, clock.env('one thread'));
  const scene = await sceneAt(server, false);
  const clocks = [clock];
  return {
    ...scene,
    setClock: (aheadMs) => clock.set(aheadMs),

    async newWay() {
      const own = new FakeTime();
      clocks.push(own);
      return { ...(await scene.newWay()), env: own.env('threads') };
    },

    async drop() {
      await scene.drop();
      await server.remove();
      for (const one of clocks) one.remove();
    },
  };
}

/** Workers reach whichever server is the primary; the ledger is at a server of its own, which forgets nothing. */
async function standbyScene(grounds: Grounds): Promise<Scene> {
  const [pair, ledger] = [await Pair.start(), await postgresScene(grounds, false)];
  return {
    get server() {
      return pair.primary;
    },
    pair,
    ledgerUrl: ledger.ledgerUrl,
    query: (sql) => queryOnce(pair.primary.url(), sql),

    async newWay() {
      const [proxy, direct] = [await pair.openProxy(), await pair.openProxy()];
      return { url: pair.url(proxy), directUrl: pair.url(direct), ledgerUrl: ledger.ledgerUrl, proxy };
    },

    async drop() {
      await pair.stop();
      await ledger.drop();
    },
  };
}

const END_SESSION = `SELECT pg_terminate_backend(pid) AS ended FROM (SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%distributed_lock%' ORDER BY random() LIMIT 1) AS one`;

/** MariaDB, by either driver. The ledger is where it is for the others. */
async function myScene(grounds: Grounds, driver: 'mariadb' | 'mysql'): Promise<Scene> {
  const [server, ledger] = [await grounds.mariadb(), await postgresScene(grounds, false)];
  const name = `faults_${randomBytes(6).toString('hex')}`;
  const query = (sql: string, database = name) => askOnce(server.url(database, driver), sql);
  await query(`CREATE DATABASE ${name}`, 'mysql');
  const proxies: FaultProxy[] = [];
  return {
    server,
    ledgerUrl: ledger.ledgerUrl,
    query,

    async endSession() {
      const [one] = await query(
        `SELECT id FROM information_schema.processlist WHERE db = '${name}' AND id <> CONNECTION_ID() ORDER BY RAND() LIMIT 1`,
      );
      return one !== undefined && hasEnded(query(`KILL ${String(one['id'])}`));
    },

    async newWay() {
      const proxy = await FaultProxy.open(server.port, () => new MyWire());
      proxies.push(proxy);
      const url = `${driver}://root@127.0.0.1:${proxy.port}/${name}`;
      return { url, directUrl: server.url(name, driver), ledgerUrl: ledger.ledgerUrl, proxy };
    },

    async drop() {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await query(`DROP DATABASE ${name}`, 'mysql');
      await ledger.drop();
    },
  };
}

const NO_SUCH_THREAD = 1_094;

/** False where the session was gone already: it may end by itself between the choice and the kill. */
async function hasEnded(kill: Promise<unknown>): Promise<boolean> {
  try {
    await kill;
    return true;
  } catch (error) {
    if ((error as { original?: { errno?: number } }).original?.errno === NO_SUCH_THREAD) return false;
    throw error;
  }
}

async function askOnce(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const sequelize = connect(url);
  try {
    if (/^SELECT/.test(sql)) return await sequelize.query<Record<string, unknown>>(sql, { type: QueryTypes.SELECT });
    await sequelize.query(sql, { type: QueryTypes.RAW });
    return [];
  } finally {
    await sequelize.close();
  }
}

async function queryOnce(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The ledger is a file of its own: it is not what contends. */
async function sqliteScene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'faults-sqlite-'));
  const [url, ledgerUrl] = [`sqlite:${join(folder, 'locks.db')}`, `sqlite:${join(folder, 'ledger.db')}`];
  const sequelize = connect(url);
  await sequelize.query('PRAGMA journal_mode = WAL');
  return {
    server: undefined,
    ledgerUrl,
    newWay: () => Promise.resolve({ url, directUrl: url, ledgerUrl, proxy: undefined }),
    // Without a type, so that it may be a statement that answers nothing.
    query: async (sql) => (await sequelize.query(sql))[0] as Record<string, unknown>[],

    async drop() {
      await sequelize.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
