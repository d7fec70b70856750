import type { Scenario } from '../scenario.js';
import { sideBySide } from './side-by-side.js';

/** A service runs for longer than a compiler takes to notice what is hot: some thousands of pairs. */
const WARM_UP_MS = 10_000;
/** So long that the first pairs, in caches that the others have just used, are few. */
const BLOCK_MS = 500;

export const freeLock: Scenario = {
  title: 'A free lock, one caller: take it, give it back',
  contenders: ['library', 'library-durable', 'raw', 'verrou', 'advisory-lock'],
  columns: [
    { key: 'p50Ms', title: 'median, ms', digits: 3 },
    { key: 'statementsPerPair', title: 'statements', digits: 2 },
    { key: 'pairs', title: 'pairs timed' },
  ],
  requirements: [
    { text: 'statements', figure: (of) => of('library', 'statementsPerPair'), atMost: 2 },
    { text: 'median, of two durable raw statements', figure: (of) => of('library', 'p50Ms') / of('raw', 'p50Ms'), atMost: 1 },
    { text: '... with a durable release', figure: (of) => of('library-durable', 'p50Ms') / of('raw', 'p50Ms'), atMost: 1.3 },
  ],

  measureTogether: (contenders, grounds) =>
    sideBySide(contenders, { url: grounds.url }, grounds, {
      names: 1,
      callers: 1,
      apart: true,
      warmUpMs: grounds.ms(WARM_UP_MS, 50),
      forMs: grounds.ms(BLOCK_MS, 20),
    }),
};
