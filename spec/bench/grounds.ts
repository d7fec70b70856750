import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { PgServer } from '../support/pg-server.js';
import { keepApart } from './cores.js';
import type { Worker } from './crew.js';

/** Connections of one worker, as the server sees them. */
export interface Sessions {
  readonly open: number;
  /** Those whose last statement was a LISTEN: they do nothing but wait. */
  readonly listening: number;
}

/** Where the scenarios take place: one PostgreSQL server of our own that writes everything to the disk, and files for SQLite. */
export class Grounds {
  readonly url: string;
  readonly version: string;
  readonly #server: PgServer;
  readonly #client: pg.Client;
  readonly #quick: boolean;
  readonly #folder = mkdtempSync(join(tmpdir(), 'locks-bench-sqlite-'));

  private constructor(server: PgServer, client: pg.Client, version: string, quick: boolean) {
    this.#server = server;
    this.#client = client;
    this.#quick = quick;
    this.version = version;
    this.url = server.url();
  }

  static async open({ quick }: { readonly quick: boolean }): Promise<Grounds> {
    const server = await PgServer.create({ fsync: 'on', max_connections: 300 });
    const client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    const { rows } = await client.query<{ version: string }>(
      `SELECT format('PostgreSQL %s, fsync %s, synchronous_commit %s', current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')) AS version`,
    );
    return new Grounds(server, client, rows[0]?.version ?? '', quick);
  }

  /** How long something takes: in a full run, and in one that only shows that the bench works. */
  ms(full: number, quick: number): number {
    return this.#quick ? quick : full;
  }

  /** How many of something there are. */
  count(full: number, quick: number): number {
    return this.#quick ? quick : full;
  }

  /** A lock's name, or a part of several, that nobody has used. */
  freshName(): string {
    return `bench ${randomBytes(5).toString('hex')}`;
  }

  /** A database file that nobody has used. */
  sqliteUrl(): string {
    return `sqlite:${join(this.#folder, `${randomBytes(5).toString('hex')}.db`)}`;
  }

  /** What was done before is on the disk, and does not have to be written while something else is measured. */
  async settle(): Promise<void> {
    await this.#client.query('CHECKPOINT');
  }

  /** The most connections that one of `workers` has open. */
  async sessions(workers: readonly Worker[]): Promise<Sessions> {
    const { rows } = await this.#client.query<{ open: number; listening: number }>(
      `SELECT count(*)::int AS open, count(*) FILTER (WHERE query ILIKE 'listen%')::int AS listening
       FROM pg_stat_activity WHERE application_name = ANY($1) GROUP BY application_name`,
      [workers.map(({ application }) => application)],
    );
    return { open: Math.max(0, ...rows.map(({ open }) => open)), listening: Math.max(0, ...rows.map(({ listening }) => listening)) };
  }

  /** Keeps the server and `workers` on cores of their own until the answer is called. */
  keepApart(workers: readonly Worker[]): () => void {
    return keepApart(pidOf(this.#server), workers.map(pidOf));
  }

  async close(): Promise<void> {
    rmSync(this.#folder, { recursive: true, force: true });
    await this.#client.end();
    await this.#server.remove();
  }
}

function pidOf({ pid }: { readonly pid: number | undefined }): number {
  if (pid === undefined) throw new Error('It does not run.');
  return pid;
}
