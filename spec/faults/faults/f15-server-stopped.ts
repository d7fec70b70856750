import { ALL, type Fault } from '../support/fault.js';
import { familyOf } from '../support/processes.js';
import type { World } from '../support/world.js';

const TOLERANCE_MS = 1_000;
const ONE = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%distributed_lock%' ORDER BY random() LIMIT 1`;

/** The server does not answer and does not hang up; then one of its backends, whose statement runs after everybody has given it up. */
export const fault: Fault = {
  id: 'F15',
  title: 'server stopped for two ttls, then one backend',
  databases: ['postgres', 'mariadb', 'mysql'],
  criteria: ALL,

  async inject(world) {
    // The others' servers are one process each.
    if (world.kind === 'postgres') await oneBackend(world);
    world.fault('server stopped');
    await away(familyOf(world.scene.server?.pid), () => world.sleep(world.ttlMs * 2));
    world.over('server stopped', TOLERANCE_MS);
    await world.grants(2);
  },
};

async function oneBackend(world: World): Promise<void> {
  const [one] = await world.scene.query(ONE);
  world.fault('one backend stopped');
  await away([Number(one?.['pid'])], () => world.sleep(world.ttlMs * 2));
  world.over('one backend', TOLERANCE_MS);
  await world.grants(2);
}

async function away(pids: readonly number[], meanwhile: () => Promise<void>): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await meanwhile();
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}
