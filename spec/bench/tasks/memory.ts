import { setTimeout } from 'node:timers/promises';

/** Bytes. */
export interface MemoryAnswer {
  /** What is alive: the heap, and buffers outside it. */
  readonly alive: number;
  /** What the operating system has given. */
  readonly resident: number;
}

/** What this process keeps in memory after everything that is not needed has been collected. */
export async function memory(): Promise<MemoryAnswer> {
  const collect = globalThis.gc;
  if (!collect) throw new Error('Memory is measured with --expose-gc only.');
  for (let times = 0; times < 3; times++) {
    collect();
    await setTimeout(20); // finalizers run between
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { alive: heapUsed + external, resident: rss };
}
