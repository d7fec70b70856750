import type { GaleraCluster } from '../../support/galera-cluster.js';
import type { GaleraNode } from '../../support/galera-node.js';
import { ofKind } from '../history/event.js';
import { nowMs } from '../history/journal.js';
import { allBut, type Fault } from '../support/fault.js';
import type { World } from '../support/world.js';

const TOLERANCE_MS = 5_000;
const PATIENCE_MS = 30_000;
/** Longer than the numbers last that a row reserves: by these nobody could tell that it is an old one. */
const FORGOTTEN_MS = 3_000;
const MOST_ROUNDS = 4;

/** From now on nothing that is committed reaches a disk, nor the operating system, by itself. */
const UNFLUSHED = ['innodb_flush_log_at_trx_commit = 0', 'innodb_flush_log_at_timeout = 2700'];

/**
 * Every node of a cluster is killed, and none had flushed the last grants: the cluster that comes back does not know them. Two may believe
 * until the next renewal, and what the row grants rises all the same.
 */
export const fault: Fault = {
  id: 'F26',
  title: 'all nodes killed, the last grants flushed at none',
  databases: ['galera'],
  criteria: allBut('C1', 'C2', 'C5row'),

  async inject(world) {
    const { cluster } = world.scene;
    if (!cluster) throw new TypeError('There is no cluster.');
    // A page that was written to the disk took the log along, and the last grant with it: then the same again.
    for (let round = 1; (await killAll(world, cluster)) <= 0; round++)
      if (round === MOST_ROUNDS) throw new Error('The cluster remembers the last grant each time: it proves nothing.');
    await world.grants(10, PATIENCE_MS);
  },
};

/** Answers how much was forgotten. */
async function killAll(world: World, cluster: GaleraCluster): Promise<number> {
  await Promise.all(cluster.nodes.map(forgetful));
  const since = nowMs();
  while (nowMs() - since < FORGOTTEN_MS) await world.grants(5, PATIENCE_MS);
  world.fault('all nodes killed');
  await cluster.killAll();
  // Until it is known what was lost.
  for (const { proxy } of world.crew.workers) proxy?.refuse();
  await cluster.recover();
  const lost = await lostTokens(world);
  world.fault(`${Math.max(0, lost)} µs of grants lost`);
  for (const { proxy } of world.crew.workers) proxy?.heal();
  world.over('all nodes killed', TOLERANCE_MS);
  return lost;
}

async function forgetful(node: GaleraNode): Promise<void> {
  for (const setting of UNFLUSHED) await node.query(`SET GLOBAL ${setting}`);
}

/** By how much the row is behind the last token of which a holder knows; below 0 where it is not. */
async function lostTokens(world: World): Promise<number> {
  const [row] = await world.scene.query(`SELECT token_top FROM distributed_lock WHERE name = '${world.lockName}'`);
  let last = 0;
  await world.until((history) => {
    last = Math.max(...ofKind(history, 'granted').map(({ token }) => token));
    return true;
  });
  return last - Number(row?.['token_top'] ?? 0);
}
