import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import { EXECUTION_SKIPPED, LockRegistry, type RunOptions, withLock } from '../../lib/index.js';
import { Child } from '../support/child.js';
import { Compiled } from '../support/compiled.js';
import { onDatabase } from '../support/databases.js';
import type { Told } from './scheduler.js';
import { type Schedule, schedules, tickAt } from './schedules.js';

/** What one instance did at one tick. */
interface Fired {
  readonly tick: number;
  readonly ran: { readonly from: number; readonly to: number } | undefined;
}

interface Job {
  readonly name: string;
  readonly workMs: number;
  readonly ticks: number;
  readonly terms: Pick<RunOptions, 'minHold'>;
}

/** The second instance's clock is so late. */
const LATE_MS = 300;

/** So many ticks of a job on one instance. */
function perform(registry: LockRegistry, schedule: Schedule, { name, workMs, ticks, terms }: Job, lateMs: number): Promise<Fired[]> {
  const work = async (): Promise<Fired['ran']> => {
    const from = Date.now();
    await setTimeout(workMs);
    return { from, to: Date.now() };
  };
  const locked = withLock(name, work, { registry, onBusy: 'skip', ...terms });
  const fire = async (): Promise<Fired> => {
    const tick = tickAt(Date.now());
    await setTimeout(lateMs);
    const outcome = await locked();
    return { tick, ran: outcome === EXECUTION_SKIPPED ? undefined : outcome };
  };
  const fired: Promise<Fired>[] = [];
  return new Promise((resolve) => {
    const stop = schedule(async () => {
      const number = fired.push(fire());
      if (number < ticks) return;
      stop();
      resolve(Promise.all(fired));
    });
  });
}

const byTick = (fired: readonly Fired[]): Fired[][] =>
  [...new Set(fired.map(({ tick }) => tick))].map((wanted) => fired.filter(({ tick }) => tick === wanted));
const runsOf = (fired: readonly Fired[]) => fired.flatMap(({ ran }) => ran ?? []).sort((one, other) => one.from - other.from);

for (const dialect of ['postgres', 'sqlite'] as const) {
  onDatabase(dialect, `Scheduled jobs on several instances (${dialect})`, (database) => {
    let registries: LockRegistry[];
    /** By scheduler and job. All ran side by side: a spec that waits for ticks takes seconds. */
    const fired = new Map<string, Fired[]>();

    before(async function () {
      this.timeout(60_000);
      registries = [1, 2].map(() => new LockRegistry(database().newSequelize()));
      const jobs = Object.keys(schedules).flatMap((scheduler): [string, Job][] => [
        [scheduler, { name: `${scheduler} quick`, workMs: 10, ticks: 3, terms: { minHold: 1_500 } }],
        [scheduler, { name: `${scheduler} slow`, workMs: 3_500, ticks: 3, terms: { minHold: 1_500 } }],
        [scheduler, { name: `${scheduler} hasty`, workMs: 10, ticks: 3, terms: {} }],
      ]);
      const performances = jobs.map(async ([scheduler, job]) => {
        const schedule = schedules[scheduler];
        if (!schedule) throw new Error(`There is no scheduler ${scheduler}.`);
        const parts = await Promise.all(registries.map((registry, at) => perform(registry, schedule, job, at * LATE_MS)));
        fired.set(job.name, parts.flat());
      });
      await Promise.all(performances);
    });
    after(() => Promise.all(registries.map((registry) => registry.close())));

    const firedBy = (name: string): Fired[] => {
      const found = fired.get(name);
      if (!found) throw new Error(`The job "${name}" did not run.`);
      return found;
    };

    for (const scheduler of Object.keys(schedules)) {
      describe(`of ${scheduler}`, () => {
        it('run once a tick with minHold, and every other instance is told that it was skipped', () => {
          const ticks = byTick(firedBy(`${scheduler} quick`));
          expect(ticks.map((instances) => runsOf(instances).length)).to.deep.equal(ticks.map(() => 1));
          expect(ticks.some((instances) => instances.length === 2)).to.equal(true);
        });

        it('run twice without minHold, where one clock is late: the control', () => {
          const both = byTick(firedBy(`${scheduler} hasty`)).filter((instances) => instances.length === 2);
          expect(both.some((instances) => runsOf(instances).length === 2)).to.equal(true);
        });

        it('never run beside themselves: a tick that comes while the last run goes on is skipped by all', () => {
          const slow = firedBy(`${scheduler} slow`);
          const runs = runsOf(slow);
          expect(runs).to.have.length.at.least(2);
          expect(runs.slice(1).filter(({ from }, at) => from < (runs[at]?.to ?? Infinity))).to.deep.equal([]);
          expect(byTick(slow).some((instances) => runsOf(instances).length === 0)).to.equal(true);
        });
      });
    }
  });

  onDatabase(dialect, `Scheduled jobs on several processes (${dialect})`, (database) => {
    const JOBS = [...Object.keys(schedules), 'coordinated'];
    let compiled: Compiled;

    before(() => {
      compiled = new Compiled();
    });
    after(() => compiled.remove());

    it('run once a tick, and go on after one process is killed in the middle of a run', async function () {
      this.timeout(90_000);
      this.slow(30_000);
      const program = compiled.program(new URL('scheduler.ts', import.meta.url));
      const children = [1, 2, 3].map(() => Child.start(program, [database().url]));
      const told: Told[] = [];
      const done = (job: string, since: number) => told.filter((one) => one.job === job && one.did === 'end' && one.tick > since).length;
      const allDone = (times: number, since = 0) => JOBS.every((job) => done(job, since) >= times);
      let killed: Child | undefined;
      let killedAt = Infinity;

      const follow = async (child: Child): Promise<void> => {
        while (child !== killed && !(killed && allDone(2, killedAt))) {
          const next = await child.next<Told>().catch((error: unknown) => {
            if (child === killed) return undefined;
            throw error;
          });
          if (!next) return;
          told.push(next);
          if (killed || next.did !== 'begin' || !allDone(1)) continue;
          killed = child;
          killedAt = next.tick;
          child.kill('SIGKILL');
        }
      };
      await Promise.all(children.map(follow));

      const begun = told.filter(({ did }) => did === 'begin').map(({ job, tick }) => `${job} ${tick}`);
      expect(begun.filter((run, at) => begun.indexOf(run) !== at)).to.deep.equal([]);
      for (const job of JOBS)
        expect(
          told.some((one) => one.job === job && one.did === 'skip'),
          `${job} skipped`,
        ).to.equal(true);
      expect(await killed?.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });
    });
  });
}
