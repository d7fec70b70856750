import { setTimeout } from 'node:timers/promises';
import type { ContenderName } from '../contenders/index.js';
import { Crew } from '../crew.js';
import type { Grounds } from '../grounds.js';
import type { Scenario } from '../scenario.js';
import type { RenewAnswer } from '../tasks/renew.js';

const MEGABYTE = 1024 * 1024;

export const memory: Scenario = {
  title: '10,000 held leases, 10,000 waiters of one lock, and the renewal of 100 leases',
  contenders: ['library'],
  mostRounds: 1,
  columns: [
    { key: 'heldMb', title: '10,000 held leases, MB alive', digits: 1 },
    { key: 'heldResidentMb', title: 'MB resident', digits: 1 },
    { key: 'waitingMb', title: '10,000 waiters, MB alive', digits: 1 },
    { key: 'waitingResidentMb', title: 'MB resident', digits: 1 },
    { key: 'perRenewal', title: 'statements to renew 100 leases', digits: 2 },
  ],
  requirements: [{ text: 'statements to renew 100 leases', figure: (of) => of('library', 'perRenewal'), atMost: 1 }],

  async measure(contender, grounds) {
    const count = grounds.count(10_000, 200);
    const prefix = grounds.freshName();
    const one = `${prefix} one`;
    await using holder = await Crew.start(contender, { url: grounds.url });
    const held = await growth(contender, grounds, (crew) =>
      crew.first.run('hold', { names: Array.from({ length: count }, (_, name) => `${prefix} ${name}`) }),
    );
    await holder.first.run('hold', { names: [one] });
    const waiting = await growth(contender, grounds, async (crew) => {
      await crew.first.run('wait', { names: Array.from({ length: count }, () => one) });
      await setTimeout(1_000);
    });
    const { statements, renewed } = await renewal(contender, grounds);
    return {
      heldMb: held.alive,
      heldResidentMb: held.resident,
      waitingMb: waiting.alive,
      waitingResidentMb: waiting.resident,
      perRenewal: statements / (renewed / 100),
    };
  },
};

/** In a process that holds nothing else. */
async function renewal(contender: ContenderName, grounds: Grounds): Promise<RenewAnswer> {
  await using crew = await Crew.start(contender, { url: grounds.url });
  return await crew.first.run('renew', {
    url: grounds.url,
    prefix: grounds.freshName(),
    leases: 100,
    ttlMs: grounds.ms(6_000, 1_500),
    forMs: grounds.ms(4_000, 1_000),
  });
}

/** What `fill` leaves in the memory of a process, in megabytes. */
async function growth(
  contender: ContenderName,
  grounds: Grounds,
  fill: (crew: Crew) => Promise<unknown>,
): Promise<{ alive: number; resident: number }> {
  await using crew = await Crew.start(contender, { url: grounds.url });
  const before = await crew.first.run('memory', {});
  await fill(crew);
  const after = await crew.first.run('memory', {});
  return { alive: (after.alive - before.alive) / MEGABYTE, resident: (after.resident - before.resident) / MEGABYTE };
}
