import type { Client } from '../contenders/contender.js';
import { statements } from '../statement-count.js';

/** Takes and gives back free locks, one after the other in each caller, and never the lock of another caller. */
export interface PairsOrder {
  /** Each caller has its share of these to itself, and goes through it again and again. */
  readonly names: number;
  readonly callers: number;
  readonly prefix: string;
  readonly warmUpMs: number;
  readonly forMs: number;
}

export interface PairsAnswer {
  readonly pairs: number;
  readonly tookMs: number;
  readonly p50Ms: number;
  readonly statementsPerPair: number;
}

export async function pairs(client: Client, { warmUpMs, forMs, ...order }: PairsOrder): Promise<PairsAnswer> {
  // Every name once at least: first use is a case of its own.
  await run(client, order, warmUpMs, Math.ceil(order.names / order.callers));
  const before = statements.count;
  const startedMs = performance.now();
  const times = await run(client, order, forMs, 1);
  const tookMs = performance.now() - startedMs;
  times.sort((one, other) => one - other);
  return {
    pairs: times.length,
    tookMs,
    p50Ms: times[Math.floor(times.length / 2)] ?? NaN,
    statementsPerPair: (statements.count - before) / times.length,
  };
}

/** How long each pair took. */
async function run(
  client: Client,
  { names, callers, prefix }: Pick<PairsOrder, 'names' | 'callers' | 'prefix'>,
  forMs: number,
  atLeast: number,
): Promise<number[]> {
  const times: number[] = [];
  const endMs = performance.now() + forMs;
  const call = async (caller: number): Promise<void> => {
    const share = Math.floor((names - caller - 1) / callers) + 1;
    for (let done = 0; done < atLeast || performance.now() < endMs; done++) {
      const sentMs = performance.now();
      const release = await client.acquire(`${prefix} ${caller + callers * (done % share)}`);
      await release();
      times.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  return times;
}
