import pg from 'pg';
import { PgServer } from './pg-server.js';
import { standbyOf } from './pg-standby.js';
import { FaultProxy } from './fault-proxy.js';

const PROMOTED_WITHIN_S = 10;
const CANCEL = `SELECT count(pg_cancel_backend(pid)) AS cancelled FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;

/** A primary and a standby that follows it, through a proxy. */
export class Pair {
  primary: PgServer;
  readonly standby: PgServer;
  /** Between the two: what it swallows, the standby does not know. */
  readonly replication: FaultProxy;
  readonly #proxies: FaultProxy[] = [];
  readonly #both: readonly PgServer[];

  private constructor(primary: PgServer, standby: PgServer, replication: FaultProxy) {
    this.primary = primary;
    this.standby = standby;
    this.replication = replication;
    this.#both = [primary, standby];
  }

  static async start(): Promise<Pair> {
    const primary = await PgServer.create();
    const replication = await FaultProxy.open(primary.port);
    return new Pair(primary, await standbyOf(primary, {}, replication.port), replication);
  }

  /** A way to whichever server is the primary. */
  async openProxy(): Promise<FaultProxy> {
    const proxy = await FaultProxy.open(this.primary.port);
    this.#proxies.push(proxy);
    return proxy;
  }

  url({ port }: FaultProxy): string {
    return `postgres://postgres@127.0.0.1:${port}/postgres`;
  }

  /** From now on a COMMIT is answered when the standby has it. */
  async synchronous(): Promise<void> {
    await run(this.primary, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await run(this.primary, 'SELECT pg_reload_conf()');
  }

  /** An operator cancels what waits for the standby; answers how many did. */
  async cancelWaits(): Promise<number> {
    const [row] = await run(this.primary, CANCEL);
    return Number(row?.['cancelled']);
  }

  /** The primary is killed and does not come back; the standby takes its place. */
  async failOver(): Promise<void> {
    await this.primary.kill();
    await run(this.standby, `SELECT pg_promote(true, ${PROMOTED_WITHIN_S})`);
    await run(this.standby, `ALTER SYSTEM RESET synchronous_standby_names`);
    await run(this.standby, 'SELECT pg_reload_conf()');
    this.primary = this.standby;
    for (const proxy of this.#proxies) proxy.redirect(this.primary.port);
  }

  async stop(): Promise<void> {
    await Promise.all([this.replication, ...this.#proxies].map((proxy) => proxy.close()));
    // One that waits for its standby does not end by itself.
    for (const server of this.#both) await server.kill();
    await Promise.all(this.#both.map((server) => server.remove()));
  }
}

async function run(server: PgServer, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
