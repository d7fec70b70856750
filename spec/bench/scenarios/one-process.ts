import { Crew } from '../crew.js';
import type { Scenario } from '../scenario.js';
import { machineMs } from '../statement-count.js';

/** Until then the compiler and the collector find out what there is to do, how a contest begins and ends included, and stop for it. */
const WARM_UPS = 6;
const WARM_UP_MS = 500;

export const oneProcess: Scenario = {
  title: '50 callers of one process, one lock, no work',
  contenders: ['library', 'verrou', 'advisory-lock'],
  columns: [
    { key: 'entriesPerS', title: 'entries/s', digits: 0 },
    { key: 'fairness', title: 'fewest/most entries of a caller', digits: 2 },
    { key: 'timerLateMs', title: 'a 1 ms timer, late at worst, ms', digits: 1, over: 'most' },
    { key: 'statementsPerEntry', title: 'statements per entry', digits: 4 },
    { key: 'errors', title: 'errors', over: 'most' },
  ],
  requirements: [
    {
      text: 'entries/s, times the faster of verrou and advisory-lock',
      figure: (of) => of('library', 'entriesPerS') / Math.max(of('verrou', 'entriesPerS'), of('advisory-lock', 'entriesPerS')),
      atLeast: 50,
      digits: 0,
    },
    { text: 'fewest / most entries of a caller', figure: (of) => of('library', 'fairness'), atLeast: 0.8 },
    { text: 'a 1 ms timer beside it, late at worst, ms', figure: (of) => of('library', 'timerLateMs'), atMost: 10, digits: 1 },
  ],

  async measure(contender, grounds) {
    await using crew = await Crew.start(contender, { url: grounds.url });
    const compete = (forMs: number) =>
      crew.first.run('contend', { name: grounds.freshName(), callers: 50, workMs: 0, startMs: machineMs(), forMs });
    for (let contest = 0; contest < WARM_UPS; contest++) await compete(grounds.ms(WARM_UP_MS, 50));
    const forMs = grounds.ms(2_000, 300);
    const answer = await compete(forMs);
    const entries = answer.entries.reduce((sum, one) => sum + one, 0);
    return {
      entriesPerS: (entries / forMs) * 1_000,
      fairness: Math.min(...answer.entries) / Math.max(...answer.entries),
      timerLateMs: answer.timerLateMs,
      statementsPerEntry: answer.statements / entries,
      errors: answer.errors,
    };
  },
};
