import { randomBytes } from 'node:crypto';
import type { GaleraCluster } from '../../support/galera-cluster.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import type { Scene } from './scene.js';
import { MyWire } from '../../support/wires.js';

const DRIVERS = ['mariadb', 'mysql'] as const;

/** Workers reach all nodes in turn, by both drivers. The ledger is at a server of its own, which forgets nothing. */
export async function galeraScene(cluster: GaleraCluster, ledger: Scene): Promise<Scene> {
  const { nodes } = cluster;
  const name = `faults_${randomBytes(6).toString('hex')}`;
  const [first] = nodes;
  const query = (sql: string, database = name) => first?.query(sql, database) ?? Promise.reject(new Error('There is no node.'));
  await query(`CREATE DATABASE ${name}`, 'mysql');
  await Promise.all(nodes.map((node) => node.caughtUp()));
  const proxies: FaultProxy[] = [];
  let ways = 0;
  return {
    server: undefined,
    cluster,
    ledgerUrl: ledger.ledgerUrl,
    query,

    async newWay() {
      const [node, driver] = [inTurn(nodes, ways), inTurn(DRIVERS, ways++)];
      const proxy = await FaultProxy.open(node.server.port, () => new MyWire());
      proxies.push(proxy);
      const url = `${driver}://root@127.0.0.1:${proxy.port}/${name}`;
      return { url, directUrl: node.server.url(name, driver), ledgerUrl: ledger.ledgerUrl, proxy, node };
    },

    async drop() {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await query(`DROP DATABASE ${name}`, 'mysql');
      await ledger.drop();
    },
  };
}

function inTurn<T>(all: readonly T[], at: number): T {
  const one = all[at % all.length];
  if (one === undefined) throw new RangeError('There is none.');
  return one;
}
