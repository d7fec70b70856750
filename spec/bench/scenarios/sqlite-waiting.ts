import { setTimeout } from 'node:timers/promises';
import { Crew } from '../crew.js';
import type { Scenario } from '../scenario.js';

const PROCESSES = 3;
const WAITERS = 8;
/** The longest interval of the library's polling policy. */
const INTERVAL_MS = 1_000;

export const sqliteWaiting: Scenario = {
  title: 'SQLite: 3 processes with 8 waiters each behind a holder in a fourth one',
  contenders: ['library', 'verrou'],
  columns: [
    { key: 'statementsPerS', title: 'statements/s of one process while waiting, at most', digits: 1, over: 'most' },
    { key: 'firstMs', title: 'first entry after the release, ms, at worst', digits: 0, over: 'most' },
    { key: 'allMs', title: 'until all had it, ms', digits: 0 },
  ],
  requirements: [
    { text: 'statements/s per process while waiting', figure: (of) => of('library', 'statementsPerS'), atMost: 20, digits: 1 },
    { text: 'hand-over, of the longest polling interval', figure: (of) => of('library', 'firstMs') / INTERVAL_MS, atMost: 1 },
  ],

  async measure(contender, grounds) {
    const url = grounds.sqliteUrl();
    await using holder = await Crew.start(contender, { url });
    await using crew = await Crew.start(contender, { url }, PROCESSES);
    const name = grounds.freshName();
    const forMs = grounds.ms(3_000, 500);
    await holder.first.run('hold', { names: [name] });
    await crew.all('wait', { names: Array.from({ length: WAITERS }, () => name) });
    await setTimeout(100);
    const sent = await crew.all('listenToStatements', { forMs });
    const releasedMs = await holder.first.run('letGo', {});
    const entries = (await crew.all('entries', {})).flat();
    return {
      statementsPerS: Math.max(...sent.map((times) => (times.length / forMs) * 1_000)),
      firstMs: Math.min(...entries) - releasedMs,
      allMs: Math.max(...entries) - releasedMs,
    };
  },
};
