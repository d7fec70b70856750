import { pick } from '../support/random.js';
import { ALL, type Fault } from '../support/fault.js';
import type { World } from '../support/world.js';

const TIMES = 10;
const TOLERANCE_MS = 1_000;

type Mischief = (world: World) => Promise<void>;

const stopped =
  (ttls: number): Mischief =>
  async (world) => {
    const victim = await world.ambush(pick(world.random, ['holding', 'writing', 'releasing']), { do: 'stop' });
    await world.crew.stopped(victim);
    await world.sleep(world.ttlMs * ttls);
    victim.child.kill('SIGCONT');
  };

const killed: Mischief = async (world) => {
  await world.crew.bury(await world.ambush('writing', { do: 'die' }));
  await world.crew.start(1);
};

const blocked: Mischief = async (world) => {
  await world.ambush(pick(world.random, ['holding', 'writing']), { do: 'block', ms: world.ttlMs * 2 });
  await world.sleep(world.ttlMs * 2);
};

const trapped: Mischief = (world) =>
  world.trap(pick(world.random, ['reset request', 'reset answer', 'swallow answer']), pick(world.random, ['acquire', 'renew', 'release']));

/** Something that a proxy does for a while. */
const cutOff =
  (what: 'black hole' | 'refused' | 'reset' | 'half open' | 'slow'): Mischief =>
  async (world) => {
    const victim = world.someone();
    const { proxy } = victim;
    if (!proxy) throw new Error('It has no proxy.');
    world.fault(what, victim);
    ({
      'black hole': () => proxy.blackHole(),
      refused: () => proxy.refuse(),
      reset: () => proxy.reset(),
      'half open': () => proxy.halfOpen(),
      slow: () => proxy.delay('to the client', 100),
    })[what]();
    await world.sleep(world.ttlMs * pick(world.random, [0.5, 1.5]));
    proxy.heal();
  };

const ofProcesses: readonly Mischief[] = [stopped(0.5), stopped(2), killed, blocked];
const ofConnections: readonly Mischief[] = [
  ...[trapped, trapped],
  ...(['black hole', 'refused', 'reset', 'half open', 'slow'] as const).map((what) => cutOff(what)),
];

/** All that can happen to processes and to their connections, one after the other, as chance has it; what `--minutes` repeats. */
export const fault: Fault = {
  id: 'R1',
  title: 'faults of processes and connections at random',
  databases: ['postgres', 'pgbouncer', 'sqlite', 'mariadb', 'mysql'],
  criteria: ALL,
  workers: 4,
  ttlMs: 600,

  async inject(world) {
    const mischief = [...ofProcesses, ...(world.kind === 'sqlite' ? [] : ofConnections)];
    for (let times = 0; times < TIMES; times++) {
      await pick(world.random, mischief)(world);
      world.over('something at random', TOLERANCE_MS);
      await world.grants(1);
    }
  },
};
