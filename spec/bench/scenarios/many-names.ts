import { setTimeout } from 'node:timers/promises';
import { Crew } from '../crew.js';
import type { Scenario } from '../scenario.js';

/** As long as a hand-over stays reserved by default: the library looks once in such a period. */
const CLAIM_MS = 3_000;
const MEGABYTE = 1024 * 1024;

export const manyNames: Scenario = {
  title: '1,000 waiters of one process on 1,000 names held elsewhere',
  contenders: ['library', 'verrou'], // advisory-lock would hold 1,000 connections
  mostRounds: 2,
  columns: [
    { key: 'connections', title: 'connections', over: 'most' },
    { key: 'listening', title: 'of them listening', over: 'most' },
    { key: 'moreMb', title: 'more memory alive, MB', digits: 1, over: 'most' },
    { key: 'residentMb', title: 'more resident, MB', digits: 1, over: 'most' },
    { key: 'perClaim', title: 'statements per claim period', digits: 2 },
  ],
  requirements: [
    { text: 'connections for waiting', figure: (of) => of('library', 'listening'), atMost: 1, digits: 0 },
    { text: 'more memory, MB', figure: (of) => of('library', 'moreMb'), atMost: 20, digits: 1 },
    { text: 'looks per claim period', figure: (of) => of('library', 'perClaim'), atMost: 1 },
  ],

  async measure(contender, grounds) {
    await using holder = await Crew.start(contender, { url: grounds.url });
    await using crew = await Crew.start(contender, { url: grounds.url });
    const prefix = grounds.freshName();
    const names = Array.from({ length: grounds.count(1_000, 50) }, (_, name) => `${prefix} ${name}`);
    const sinceMs = performance.now();
    await holder.first.run('hold', { names });
    const tookMs = performance.now() - sinceMs;
    const before = await crew.first.run('memory', {});
    await crew.first.run('wait', { names });
    // To ask and then to join takes twice as long as to be granted. The first looks come as they joined; from the second on they go together.
    await setTimeout(2 * tookMs + CLAIM_MS + 500);
    const times = await crew.first.run('listenToStatements', { forMs: grounds.ms(2, 1) * CLAIM_MS + 500 });
    const { open, listening } = await grounds.sessions(crew.workers);
    const after = await crew.first.run('memory', {});
    return {
      connections: open,
      listening,
      moreMb: (after.alive - before.alive) / MEGABYTE,
      residentMb: (after.resident - before.resident) / MEGABYTE,
      perClaim: perPeriod(times, CLAIM_MS),
    };
  },
};

/** By the gaps between them, so that it does not matter where in a period the counting began. */
function perPeriod(times: readonly number[], periodMs: number): number {
  const [first, last] = [times.at(0), times.at(-1)];
  return first === undefined || last === undefined || first === last ? times.length : ((times.length - 1) * periodMs) / (last - first);
}
