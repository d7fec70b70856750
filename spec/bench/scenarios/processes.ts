import type { Scenario } from '../scenario.js';
import { contest, contestColumns } from './contest.js';

export const processes: Scenario = {
  title: '4 processes with 8 callers each, one lock, 1 ms of work, 6 s',
  contenders: ['library', 'raw-turns', 'verrou', 'advisory-lock', 'no-lock'],
  columns: contestColumns,
  requirements: [
    {
      text: 'entries/s, of one process in a loop without a lock',
      figure: (of) => of('library', 'entriesPerS') / of('no-lock', 'entriesPerS'),
      atLeast: 0.8,
    },
    { text: 'slowest / fastest process', figure: (of) => of('library', 'fairness'), atLeast: 0.9 },
    {
      text: "longest wait, times advisory-lock's",
      figure: (of) => of('library', 'longestWaitMs') / of('advisory-lock', 'longestWaitMs'),
      atMost: 2,
    },
    { text: 'statements per entry', figure: (of) => of('library', 'statementsPerEntry'), atMost: 0.5 },
    { text: 'overlaps', figure: (of) => of('library', 'overlaps'), atMost: 0, digits: 0 },
  ],
  measure: (contender, grounds) => contest(contender, { url: grounds.url }, grounds),
};
