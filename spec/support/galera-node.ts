import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import mysql2 from 'mysql2/promise';
import { freePort } from './free-port.js';
import { MariadbServer, type MariadbSettings } from './mariadb-server.js';

/** The library that makes a cluster of servers, where packages put it; `undefined` where it is not installed. */
export const provider = ['/usr/lib/galera', '/usr/lib64/galera-4', '/usr/lib64/galera', '/opt/homebrew/lib']
  .map((folder) => join(folder, 'libgalera_smm.so'))
  .find((file) => existsSync(file));

const SYNCED_WITHIN_MS = 60_000;

/** How far a node's data goes: the changes of all nodes have one order, and each its number. */
export interface Position {
  readonly group: string;
  /** -1 where nothing is known. */
  readonly number: number;
}

/** A node of a Galera cluster: a MariaDB server of one's own that takes part in the order of all nodes' commits. */
export class GaleraNode {
  private constructor(
    readonly server: MariadbServer,
    /** Where other nodes reach it. */
    readonly address: string,
  ) {}

  /** Makes its data folder; it is not started. Rejects where there are no binaries. */
  static async prepare(settings: MariadbSettings = {}): Promise<GaleraNode> {
    if (provider === undefined) throw new Error('no libgalera_smm.so on this machine (Debian: galera-4)');
    const [group, increments, snapshots] = [await freePort(), await freePort(), await freePort()];
    const address = `127.0.0.1:${group}`;
    const options = {
      base_host: '127.0.0.1',
      base_port: group,
      'gmcast.listen_addr': `tcp://${address}`,
      'ist.recv_addr': `127.0.0.1:${increments}`,
      'gcache.size': '16M',
    };
    const server = await MariadbServer.prepare({
      'wsrep-on': 'ON',
      'wsrep-provider': provider,
      'wsrep-provider-options': inText(options),
      'wsrep-node-address': address,
      'wsrep-sst-method': 'rsync',
      'wsrep-sst-receive-address': `127.0.0.1:${snapshots}`,
      'binlog-format': 'ROW',
      'innodb-autoinc-lock-mode': 2,
      ...settings,
    });
    return new GaleraNode(server, address);
  }

  /** Starts it as the first of a cluster; its data is what the others get. */
  async bootstrap(): Promise<void> {
    const note = join(this.server.dataFolder, 'grastate.dat');
    // A node asks its operator first where it may not be the one whose data goes furthest.
    if (existsSync(note)) writeFileSync(note, readFileSync(note, 'utf8').replace('safe_to_bootstrap: 0', 'safe_to_bootstrap: 1'));
    await this.server.start({ 'wsrep-cluster-address': 'gcomm://' });
    await this.synced();
  }

  /** Starts it as one of the cluster that has these addresses; resolves when it has caught up. */
  async join(addresses: readonly string[], from?: Position): Promise<void> {
    const known = from && from.number >= 0 ? { 'wsrep-start-position': `${from.group}:${from.number}` } : {};
    await this.server.start({ 'wsrep-cluster-address': `gcomm://${addresses.join(',')}`, ...known });
    await this.synced();
  }

  /** How far its data goes. It must not be running. */
  async position(): Promise<Position> {
    const told = await this.server.runOnce({ 'wsrep-recover': 1, 'wsrep-cluster-address': 'gcomm://127.0.0.1', 'skip-networking': 1 });
    const [, group = '', number = '-1'] = /Recovered position: ([-0-9a-f]+):(-?\d+)/.exec(told) ?? [];
    return { group, number: Number(number) };
  }

  /** Cuts it off from the other nodes, while clients still reach it; or ends that. */
  async isolate(isolated: boolean): Promise<void> {
    await this.query(`SET GLOBAL wsrep_provider_options = 'gmcast.isolate=${isolated ? 1 : 0}'`);
  }

  /** Waits until it is a working part of a cluster that has a majority. */
  async synced(): Promise<void> {
    const endMs = performance.now() + SYNCED_WITHIN_MS;
    for (;;) {
      // A node that is not ready may refuse or drop a connection too.
      const answer = await this.#isSynced().catch((error: unknown) => error);
      if (answer === true) return;
      if (performance.now() > endMs) throw new Error(`The node did not catch up within ${SYNCED_WITHIN_MS} ms: ${String(answer)}`);
      await setTimeout(50);
    }
  }

  /** Waits until everything is here that was committed anywhere before this call. */
  async caughtUp(): Promise<void> {
    await this.#inTurn('mysql', 'SET SESSION wsrep_sync_wait = 1', 'SELECT 1');
  }

  /** Runs one statement on a connection of its own. */
  query(sql: string, database = 'mysql'): Promise<Record<string, unknown>[]> {
    return this.#inTurn(database, sql);
  }

  async #inTurn(database: string, ...statements: readonly string[]): Promise<Record<string, unknown>[]> {
    const client = await mysql2.createConnection(this.server.url(database, 'mysql'));
    try {
      let rows: mysql2.RowDataPacket[] = [];
      for (const statement of statements) [rows] = await client.query<mysql2.RowDataPacket[]>(statement);
      return rows;
    } finally {
      client.destroy();
    }
  }

  async #isSynced(): Promise<boolean> {
    const rows = await this.query(`SHOW GLOBAL STATUS WHERE Variable_name IN ('${Object.keys(WORKS).join(`', '`)}')`);
    const status = new Map(rows.map((row) => [row['Variable_name'], row['Value']]));
    return Object.entries(WORKS).every(([name, value]) => status.get(name) === value);
  }
}

const WORKS = { wsrep_ready: 'ON', wsrep_cluster_status: 'Primary', wsrep_local_state_comment: 'Synced' };

const inText = (options: Readonly<Record<string, string | number>>) =>
  Object.entries(options)
    .map(([name, value]) => `${name}=${value}`)
    .join(';');
