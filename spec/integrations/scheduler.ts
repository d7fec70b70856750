import { setTimeout } from 'node:timers/promises';
import nodeCron from 'node-cron';
import { EXECUTION_SKIPPED, LockRegistry, withLock } from '../../lib/index.js';
import { runCoordinator } from '../../lib/integrations/node-cron.js';
import { connect } from '../support/databases.js';
import { tell } from '../support/parent.js';
import { EVERY_THREE_SECONDS, schedules, tickAt } from './schedules.js';

// One instance of a service with a job under every scheduler, until it is killed.

/** What becomes of a tick. */
export interface Told {
  readonly job: string;
  readonly did: 'begin' | 'end' | 'skip';
  readonly tick: number;
}

const registry = new LockRegistry(connect(process.argv[2] ?? ''));

const work = async (job: string, tick: number): Promise<void> => {
  await tell({ job, did: 'begin', tick } satisfies Told);
  await setTimeout(300);
  await tell({ job, did: 'end', tick } satisfies Told);
};

for (const [job, schedule] of Object.entries(schedules)) {
  // A killed instance's lease is over before the next tick.
  const locked = withLock(job, (tick: number) => work(job, tick), { registry, onBusy: 'skip', ttl: 1_500, minHold: 1_500 });
  schedule(async () => {
    const tick = tickAt(Date.now());
    if ((await locked(tick)) === EXECUTION_SKIPPED) await tell({ job, did: 'skip', tick } satisfies Told);
  });
}

nodeCron.setRunCoordinator(runCoordinator(registry));
nodeCron
  .schedule(EVERY_THREE_SECONDS, ({ date }) => work('coordinated', tickAt(date.getTime())), { name: 'coordinated', distributed: true })
  .on('execution:skipped', ({ date }) => tell({ job: 'coordinated', did: 'skip', tick: tickAt(date.getTime()) } satisfies Told));
