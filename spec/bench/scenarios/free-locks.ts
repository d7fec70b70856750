import { Crew } from '../crew.js';
import type { Scenario } from '../scenario.js';

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

  async measure(contender, grounds) {
    await using crew = await Crew.start(contender, { url: grounds.url, connections: CONNECTIONS });
    const { pairs, tookMs, p50Ms, statementsPerPair } = await crew.first.run('pairs', {
      prefix: grounds.freshName(),
      names: 997,
      callers: 32,
      warmUpMs: grounds.ms(1_000, 0),
      forMs: grounds.ms(2_000, 300),
    });
    return { entriesPerS: (pairs / tookMs) * 1_000, p50Ms, statementsPerPair };
  },
};
