import type { ContenderName } from '../contenders/index.js';
import type { Place } from '../contenders/contender.js';
import { Crew } from '../crew.js';
import type { Grounds } from '../grounds.js';
import type { Column, Figures } from '../scenario.js';
import { machineMs } from '../statement-count.js';
import type { ContendAnswer } from '../tasks/contend.js';
import { warmUp } from './warm-up.js';

/** What a contest of several processes is shown by. */
export const contestColumns: readonly Column[] = [
  { key: 'entriesPerS', title: 'entries/s', digits: 0 },
  { key: 'fairness', title: 'slowest/fastest process', digits: 2 },
  { key: 'longestWaitMs', title: 'longest wait, ms', digits: 0 },
  { key: 'statementsPerEntry', title: 'statements per entry', digits: 2 },
  { key: 'overlaps', title: 'overlaps', over: 'most' },
  { key: 'errors', title: 'errors', over: 'most' },
];

/** Processes with callers that all want one lock, with 1 ms of work under it. */
export async function contest(contender: ContenderName, place: Place, grounds: Grounds): Promise<Figures> {
  const [processes, callers] = contender === 'no-lock' ? [1, 1] : [4, 8];
  await using crew = await Crew.start(contender, place, processes);
  await warmUp(crew.workers, grounds, callers);
  const forMs = grounds.ms(processes === 1 ? 2_000 : 6_000, 500);
  return figuresOf(await crew.all('contend', { name: grounds.freshName(), callers, workMs: 1, startMs: machineMs() + 50, forMs }), forMs);
}

function figuresOf(answers: readonly ContendAnswer[], forMs: number): Figures {
  const perProcess = answers.map(({ entries }) => sum(entries));
  return {
    entriesPerS: (sum(perProcess) / forMs) * 1_000,
    fairness: Math.min(...perProcess) / Math.max(...perProcess),
    longestWaitMs: Math.max(...answers.map(({ longestWaitMs }) => longestWaitMs)),
    statementsPerEntry: sum(answers.map(({ statements }) => statements)) / sum(perProcess),
    overlaps: overlaps(answers.flatMap(({ holds }) => holds)),
    errors: sum(answers.map(({ errors }) => errors)),
  };
}

/** How many entries began while somebody was still inside. */
function overlaps(holds: readonly (readonly [fromMs: number, toMs: number])[]): number {
  let found = 0;
  let freeMs = -Infinity;
  for (const [fromMs, toMs] of holds.toSorted(([one], [other]) => one - other)) {
    if (fromMs < freeMs) found++;
    freeMs = Math.max(freeMs, toMs);
  }
  return found;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
