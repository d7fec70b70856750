import type { Scenario } from '../scenario.js';
import { contest, contestColumns } from './contest.js';

export const sqliteContest: Scenario = {
  title: 'SQLite: 4 processes with 8 callers each, one lock, 1 ms of work, 6 s',
  contenders: ['library', 'verrou', 'no-lock'],
  columns: contestColumns,
  requirements: [
    { text: 'slowest / fastest process', figure: (of) => of('library', 'fairness'), atLeast: 0.8 },
    { text: 'overlaps', figure: (of) => of('library', 'overlaps'), atMost: 0, digits: 0 },
  ],
  measure: (contender, grounds) => contest(contender, { url: grounds.sqliteUrl() }, grounds),
};
