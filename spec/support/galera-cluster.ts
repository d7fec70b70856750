import { spawnSync } from 'node:child_process';
import { GaleraNode, provider } from './galera-node.js';
import { MariadbServer, type MariadbSettings } from './mariadb-server.js';

/** A Galera cluster of one's own: servers on this machine that take writes, each of them, and agree on the order of all commits. */
export class GaleraCluster {
  private constructor(readonly nodes: readonly GaleraNode[]) {}

  /** What this machine lacks for it; `undefined` where it has everything. */
  static missing(): string | undefined {
    if (!MariadbServer.isInstalled()) return 'no mariadbd on this machine (Debian: mariadb-server)';
    if (provider === undefined) return 'no libgalera_smm.so on this machine (Debian: galera-4)';
    return spawnSync('rsync', ['--version']).status === 0 ? undefined : 'no rsync on this machine, with which nodes get their data';
  }

  /** Starts so many nodes, one after the other (three: about 10 s). Rejects where something is {@link missing}. */
  static async start(size = 3, settings: MariadbSettings = {}): Promise<GaleraCluster> {
    const missing = GaleraCluster.missing();
    if (missing !== undefined) throw new Error(missing);
    const cluster = new GaleraCluster(await Promise.all(Array.from({ length: size }, () => GaleraNode.prepare(settings))));
    const [first, ...others] = cluster.nodes;
    try {
      await first?.bootstrap();
      for (const node of others) await node.join(cluster.#addresses);
      return cluster;
    } catch (error) {
      await cluster.remove();
      throw error;
    }
  }

  get #addresses(): readonly string[] {
    return this.nodes.map(({ address }) => address);
  }

  /** Starts a node that was killed; it gets from the others what it has not. */
  async rejoin(node: GaleraNode): Promise<void> {
    await node.join(this.#addresses, await node.position());
  }

  /** Kills every node at one time, as a loss of power does where all are in one place. */
  async killAll(): Promise<void> {
    await Promise.all(this.nodes.map(({ server }) => server.kill()));
  }

  /** Starts a cluster that was killed as a whole: first the node whose data goes furthest, then the others. */
  async recover(): Promise<void> {
    const found = await Promise.all(this.nodes.map(async (node) => ({ node, position: await node.position() })));
    const [first, ...others] = found.sort((one, other) => other.position.number - one.position.number);
    await first?.node.bootstrap();
    for (const { node, position } of others) await node.join(this.#addresses, position);
  }

  /** Stops all nodes and deletes their folders. */
  async remove(): Promise<void> {
    await Promise.all(this.nodes.map(({ server }) => server.remove()));
  }
}
