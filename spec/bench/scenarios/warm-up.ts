import { setTimeout } from 'node:timers/promises';
import type { Worker } from '../crew.js';
import type { Grounds } from '../grounds.js';
import { machineMs } from '../statement-count.js';

/** A service runs for longer than a compiler takes to notice what is hot. */
const WARM_UP_MS = 5_000;
/** Who still waits when that is over has its turn meanwhile. */
const LAST_TURNS_MS = 1_000;

/** Each process passes some thousands of times through a lock of its own, and then all of them through one. */
export async function warmUp(workers: readonly Worker[], grounds: Grounds, callers: number): Promise<void> {
  const orderOf = () => ({ name: grounds.freshName(), callers, workMs: 1, startMs: machineMs() + 50, forMs: grounds.ms(WARM_UP_MS, 50) });
  await Promise.all(workers.map((worker) => worker.run('contend', orderOf())));
  const one = orderOf();
  await Promise.all(workers.map((worker) => worker.run('contend', one)));
  await setTimeout(grounds.ms(LAST_TURNS_MS, 50));
}
