import { setTimeout } from 'node:timers/promises';
import { Crew } from '../crew.js';
import type { Scenario } from '../scenario.js';
import { warmUp } from './warm-up.js';

const PROCESSES = 3;
const WAITERS = 50;
/** Before it counts: in each process, behind one lock. */
const CALLERS = 8;
/** The most that a registry of this library takes for its statements. */
const POOL = 2;
/** Until all who wait have said so. */
const SETTLE_MS = 1_000;

export const waiters: Scenario = {
  title: '150 waiters in 3 processes behind a 6 s holder in a fourth one',
  contenders: ['library', 'verrou', 'advisory-lock'],
  columns: [
    { key: 'statementsPerS', title: 'statements/s while waiting, all 4 processes', digits: 2 },
    { key: 'connections', title: 'connections of a waiting process', over: 'most' },
    { key: 'listening', title: 'of them listening', over: 'most' },
    { key: 'firstMs', title: 'first entry after the release, ms', digits: 1 },
    { key: 'allMs', title: 'until all had it, ms', digits: 0 },
  ],
  requirements: [
    { text: 'statements/s in all while waiting', figure: (of) => of('library', 'statementsPerS'), atMost: 1.5 },
    {
      text: "first entry after the release, times advisory-lock's",
      figure: (of) => of('library', 'firstMs') / of('advisory-lock', 'firstMs'),
      atMost: 3.5,
    },
    {
      text: "until all 150 had it, of advisory-lock's",
      figure: (of) => of('library', 'allMs') / of('advisory-lock', 'allMs'),
      atMost: 0.25,
    },
    {
      text: "connections per process beyond the registry's pool",
      figure: (of) => Math.max(of('library', 'listening'), of('library', 'connections') - POOL),
      atMost: 1,
      digits: 0,
    },
  ],

  async measure(contender, grounds) {
    await using holder = await Crew.start(contender, { url: grounds.url });
    await using crew = await Crew.start(contender, { url: grounds.url }, PROCESSES);
    await warmUp([...holder.workers, ...crew.workers], grounds, CALLERS);
    const name = grounds.freshName();
    const forMs = grounds.ms(5_000, 1_500);
    await holder.first.run('hold', { names: [name] });
    await crew.all('wait', { names: Array.from({ length: WAITERS }, () => name) });
    await setTimeout(SETTLE_MS);
    const [sent, waiting, { open, listening }] = await Promise.all([
      crew.all('listenToStatements', { forMs }),
      holder.all('listenToStatements', { forMs }),
      grounds.sessions(crew.workers),
    ]);
    const releasedMs = await holder.first.run('letGo', {});
    const entries = (await crew.all('entries', {})).flat();
    return {
      statementsPerS: ([...sent, ...waiting].flat().length / forMs) * 1_000,
      connections: open,
      listening,
      firstMs: Math.min(...entries) - releasedMs,
      allMs: Math.max(...entries) - releasedMs,
    };
  },
};
