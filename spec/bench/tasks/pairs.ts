import type { Client } from '../contenders/contender.js';
import { statements } from '../statement-count.js';

/** Takes and gives back free locks, one after the other in each caller, and never the lock of another caller. */
export interface PairsOrder {
  /** Each caller has its share of these to itself, and goes through it again and again. */
  readonly names: number;
  readonly callers: number;
  readonly prefix: string;
  readonly forMs: number;
}

export interface PairsAnswer {
  /** How long each pair took, in milliseconds. */
  readonly times: readonly number[];
  readonly tookMs: number;
  readonly statements: number;
}

export async function pairs(client: Client, { names, callers, prefix, forMs }: PairsOrder): Promise<PairsAnswer> {
  const times: number[] = [];
  const before = statements.count;
  const startedMs = performance.now();
  const call = async (caller: number): Promise<void> => {
    const share = Math.floor((names - caller - 1) / callers) + 1;
    for (let done = firstOf(caller); performance.now() < startedMs + forMs; done++) {
      const sentMs = performance.now();
      const release = await client.acquire(`${prefix} ${caller + callers * (done % share)}`);
      await release();
      times.push(performance.now() - sentMs);
      next[caller] = done + 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  return { times, tookMs: performance.now() - startedMs, statements: statements.count - before };
}

/** Where each caller goes on: every name comes up, however short the blocks are. */
const next: number[] = [];
const firstOf = (caller: number): number => next[caller] ?? 0;
