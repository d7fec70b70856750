import { setTimeout as sleep } from 'node:timers/promises';
import type { GaleraCluster } from '../../support/galera-cluster.js';
import type { GaleraNode } from '../../support/galera-node.js';
import type { Violation } from '../checker/criterion.js';
import { type LockEvent, ofKind } from '../history/event.js';
import { ALL, type Fault } from '../support/fault.js';
import { pick } from '../support/random.js';
import type { World } from '../support/world.js';

const TOLERANCE_MS = 5_000;
/** For so long the other nodes wait for one that has gone silent (`evs.suspect_timeout`), and commit nothing meanwhile. */
const SUSPECTED_AFTER_MS = 5_000;
const PATIENCE_MS = 30_000;
const MOST_ROUNDS = 30;
/** A part of them is of those who stir. */
const FEWEST_CONFLICTS = 5;
const STIR_EVERY_MS = 40;
/** ER_LOCK_DEADLOCK */
const GIVES_WAY = 1213;
const KILLED = 'node killed';

/** All nodes take writes to one row; then one dies and comes back, and one is cut off from the others while its clients still reach it. */
export const fault: Fault = {
  id: 'F25',
  title: 'writers at three nodes; one killed and back, one cut off and healed',
  databases: ['galera'],
  criteria: ALL,
  workers: 6,

  async inject(world) {
    const { cluster } = world.scene;
    if (!cluster) throw new TypeError('There is no cluster.');
    await conflict(world, cluster);
    await killOne(world, cluster, pick(world.random, cluster.nodes));
    await cutOff(world, pick(world.random, cluster.nodes));
  },

  judge: (history) => [...failuresOfConflicts(history), ...deadlocksIn(history)],
};

async function conflict(world: World, { nodes }: GaleraCluster): Promise<void> {
  const before = await conflictsAt(nodes);
  world.fault('writers at three nodes');
  const stop = await stir(world, nodes);
  try {
    for (let rounds = 0; rounds < 5 || (await conflictsAt(nodes)) < before + FEWEST_CONFLICTS; rounds++) {
      if (rounds === MOST_ROUNDS) throw new Error('Hardly a write gave way to one of another node: it proves nothing.');
      await world.grants(20, PATIENCE_MS);
    }
  } finally {
    await stop();
  }
}

/**
 * Writes to the row at every node, in a column that decides nothing, until the answer is called. Lock statements wait for what the other nodes
 * have committed, so among themselves they hardly ever meet.
 */
async function stir({ lockName, scene }: World, nodes: readonly GaleraNode[]): Promise<() => Promise<void>> {
  const [row] = await scene.query('SELECT DATABASE() AS name');
  const database = String(row?.['name']);
  let over = false;
  let failure: unknown;
  const stirring = nodes.map(async (node, at) => {
    // Not without a pause: whoever loses every time is told so, as it should be.
    for (let times = 0; !over; times++, await sleep(STIR_EVERY_MS)) {
      const write = `UPDATE distributed_lock SET label = 'stirred ${at} ${times}' WHERE name = '${lockName}'`;
      await node.query(write, database).catch((error: unknown) => {
        if ((error as { readonly errno?: number }).errno !== GIVES_WAY) failure = error;
      });
    }
  });
  return async () => {
    over = true;
    await Promise.all(stirring);
    if (failure !== undefined) throw failure as Error;
  };
}

/** How many writes had to give way to one of another node. */
async function conflictsAt(nodes: readonly GaleraNode[]): Promise<number> {
  const counts = `SELECT SUM(variable_value) AS count FROM information_schema.global_status
    WHERE variable_name IN ('wsrep_local_cert_failures', 'wsrep_local_bf_aborts')`;
  const rows = await Promise.all(nodes.map((node) => node.query(counts)));
  return rows.flat().reduce((sum, row) => sum + Number(row['count']), 0);
}

async function killOne(world: World, cluster: GaleraCluster, node: GaleraNode): Promise<void> {
  world.fault(KILLED);
  await node.server.kill();
  world.over(KILLED, SUSPECTED_AFTER_MS + TOLERANCE_MS);
  await world.grants(5, PATIENCE_MS);
  await cluster.rejoin(node);
  world.over('node back', TOLERANCE_MS);
  await grantedAt(world, node);
}

async function cutOff(world: World, node: GaleraNode): Promise<void> {
  const watch = world.watch();
  world.fault('node cut off');
  await node.isolate(true);
  world.over('node cut off', SUSPECTED_AFTER_MS + TOLERANCE_MS);
  // It does not serve its clients, and says so.
  const [those, told] = [namesAt(world, node), 'LockStoreError:'];
  await watch.next('failed', ({ who, error }) => those.includes(who) && error.startsWith(told), PATIENCE_MS);
  await world.grants(5, PATIENCE_MS);
  await node.isolate(false);
  await node.synced();
  world.over('node healed', TOLERANCE_MS);
  await grantedAt(world, node);
}

/** Somebody who works at this node is granted the lock. */
async function grantedAt(world: World, node: GaleraNode): Promise<void> {
  const those = namesAt(world, node);
  await world.next('granted', ({ who }) => those.includes(who), PATIENCE_MS);
}

const namesAt = ({ crew }: World, node: GaleraNode) => crew.workers.filter((worker) => worker.node === node).map(({ who }) => who);

/** While all nodes work, writes that give way to others are tried again, and nobody hears of it. */
function failuresOfConflicts(history: readonly LockEvent[]): Violation[] {
  const until = ofKind(history, 'fault').find(({ what }) => what === KILLED)?.at ?? Infinity;
  return (
    ofKind(history, 'failed')
      // Who got no connection in time sent nothing that could have been in conflict; how long that lasts is for the other criteria.
      .filter(({ at, error }) => at < until && error.startsWith('LockStoreError:') && !error.includes('No connection within'))
      .map(({ who, error }) => ({ criterion: 'F25', text: `${who} was told of a conflict: ${error}` }))
  );
}

/** Nor does anybody later. The journal has the driver's words. */
function deadlocksIn(history: readonly LockEvent[]): Violation[] {
  return ofKind(history, 'failed')
    .filter(({ error }) => error.includes('Deadlock found'))
    .map(({ who, error }) => ({ criterion: 'F25', text: `${who} was told of a conflict: ${error}` }));
}
