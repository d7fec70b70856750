import type { Scenario } from '../scenario.js';
import { sideBySide } from './side-by-side.js';

const CONNECTIONS = 8;

export const freeLocks: Scenario = {
  title: `32 callers, 997 free locks, ${CONNECTIONS} connections`,
  contenders: ['library', 'raw', 'verrou', 'advisory-lock'],
  columns: [
    { key: 'entriesPerS', title: 'entries/s', digits: 0 },
    { key: 'p50Ms', title: 'median, ms', digits: 2 },
    { key: 'statementsPerPair', title: 'statements per entry', digits: 2 },
  ],
  requirements: [
    { text: 'entries/s, of the raw floor', figure: (of) => of('library', 'entriesPerS') / of('raw', 'entriesPerS'), atLeast: 0.9 },
  ],

  measureTogether: (contenders, grounds) =>
    sideBySide(contenders, { url: grounds.url, connections: CONNECTIONS }, grounds, {
      names: 997,
      callers: 32,
      warmUpMs: grounds.ms(3_000, 50),
      forMs: grounds.ms(150, 20),
    }),
};
