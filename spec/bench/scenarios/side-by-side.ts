import type { ContenderName } from '../contenders/index.js';
import type { Place } from '../contenders/contender.js';
import { Crew } from '../crew.js';
import type { Grounds } from '../grounds.js';
import { median } from '../median.js';
import type { Figures } from '../scenario.js';
import type { PairsAnswer } from '../tasks/pairs.js';

/** How many times every contender has its turn in a round. */
const BLOCKS = 15;
const BLOCKS_IF_QUICK = 3;

export interface SideBySide {
  readonly names: number;
  readonly callers: number;
  readonly warmUpMs: number;
  /** In one block. */
  readonly forMs: number;
  /** The server has a core of its own. */
  readonly apart?: boolean;
}

/**
 * Free locks taken and given back by every contender in turn, in many short blocks: what else the machine does meanwhile comes and goes in
 * seconds, and would otherwise be one contender's bad luck.
 */
export async function sideBySide(
  contenders: readonly ContenderName[],
  place: Place,
  grounds: Grounds,
  { warmUpMs, forMs, apart = false, ...what }: SideBySide,
): Promise<Partial<Record<ContenderName, Figures>>> {
  const prefix = grounds.freshName();
  const seen = new Map<ContenderName, PairsAnswer[]>();
  const crews = new Map<ContenderName, Crew>();
  let together = () => {};
  try {
    for (const contender of contenders) {
      const crew = await Crew.start(contender, place);
      crews.set(contender, crew);
      await crew.first.run('pairs', { ...what, prefix, forMs: warmUpMs });
      seen.set(contender, []);
    }
    if (apart) together = grounds.keepApart([...crews.values()].map(({ first }) => first));
    // Connections that were idle while the others warmed up are opened anew here, and not in a block that counts.
    for (const crew of crews.values()) await crew.first.run('pairs', { ...what, prefix, forMs });
    for (let block = grounds.count(BLOCKS, BLOCKS_IF_QUICK); block > 0; block--) {
      for (const [contender, crew] of crews) seen.get(contender)?.push(await crew.first.run('pairs', { ...what, prefix, forMs }));
    }
  } finally {
    together();
    await Promise.all([...crews.values()].map((crew) => crew[Symbol.asyncDispose]()));
  }
  return Object.fromEntries([...seen].map(([contender, blocks]) => [contender, figuresOf(blocks)]));
}

function figuresOf(blocks: readonly PairsAnswer[]): Figures {
  const times = blocks.flatMap((block) => block.times);
  const tookMs = blocks.reduce((sum, block) => sum + block.tookMs, 0);
  const sent = blocks.reduce((sum, block) => sum + block.statements, 0);
  return {
    pairs: times.length,
    p50Ms: median(times),
    entriesPerS: (times.length / tookMs) * 1_000,
    statementsPerPair: sent / times.length,
  };
}
