import 'reflect-metadata';
import { type INestApplicationContext } from '@nestjs/common';
import { Cron, Interval, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { expect } from 'chai';
import { currentLease } from '../../../lib/engine/held-context.js';
import { LockModule } from '../../../lib/integrations/nestjs/index.js';
import { LockRegistry } from '../../../lib/lock-registry.js';
import { Locked } from '../../../lib/locked.js';
import { onDatabase } from '../../support/databases.js';
import { closeAll, sequelizeOn, startContext } from './apps.js';

const NEVER = '0 0 0 1 1 *'; // once a year: these are fired by hand

/** Jobs that schedule themselves, with the lock above and below the schedule. */
class Timed {
  readonly seen = new Map<string, string | undefined>();

  @Cron('* * * * * *')
  @Locked('cron, lock below', { onBusy: 'skip' })
  async cronAbove(): Promise<void> {
    return this.#see('cron, lock below');
  }

  @Locked('cron, lock above', { onBusy: 'skip' })
  @Cron('* * * * * *')
  async cronBelow(): Promise<void> {
    return this.#see('cron, lock above');
  }

  @Interval(50)
  @Locked('interval, lock below', { onBusy: 'skip' })
  async intervalAbove(): Promise<void> {
    return this.#see('interval, lock below');
  }

  @Locked('interval, lock above', { onBusy: 'skip' })
  @Interval(50)
  async intervalBelow(): Promise<void> {
    return this.#see('interval, lock above');
  }

  all = (): void => undefined;
  readonly allRan = new Promise<void>((resolve) => (this.all = resolve));

  async #see(job: string): Promise<void> {
    this.seen.set(job, currentLease()?.name);
    if (this.seen.size === 4) this.all();
    return Promise.resolve();
  }
}

/** What happens in all applications of a spec. */
class Log {
  readonly runs: number[] = [];
  inside = 0;
  mostInside = 0;
  /** What a run waits for: that somebody was told that the job is busy. */
  skipped: Promise<void> = Promise.resolve();
  skip = (): void => undefined;

  nextTick(): void {
    this.skipped = new Promise((resolve) => (this.skip = resolve));
  }
}
const log: { now: Log } = { now: new Log() };

class Jobs {
  @Cron(NEVER, { name: 'once', waitForCompletion: true })
  @Locked('once', { onBusy: 'skip' })
  async once(): Promise<void> {
    log.now.runs.push(currentLease()?.fencingToken ?? NaN);
    await log.now.skipped;
  }

  @Cron(NEVER, { name: 'each', waitForCompletion: true })
  @Locked('each')
  async each(): Promise<void> {
    log.now.inside++;
    log.now.mostInside = Math.max(log.now.mostInside, log.now.inside);
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    log.now.runs.push(currentLease()?.fencingToken ?? NaN);
    log.now.inside--;
  }
}

onDatabase('sqlite', '@Locked beside @nestjs/schedule', (database) => {
  afterEach(closeAll);

  const start = async (provider: typeof Timed | typeof Jobs) =>
    startContext({ imports: [ScheduleModule.forRoot(), LockModule.forRoot(), sequelizeOn(database())], providers: [provider] });

  it('keeps @Cron and @Interval at work, above it and below it', async function () {
    this.timeout(30_000); // the next whole second, on a machine that may be busy
    const timed = (await start(Timed)).get(Timed);
    await timed.allRan;
    expect(timed.seen.size).to.equal(4);
    for (const [job, lock] of timed.seen) expect(lock).to.equal(job);
  });

  describe('in two applications on one database', () => {
    let apps: INestApplicationContext[];

    beforeEach(async () => {
      log.now = new Log();
      apps = [await start(Jobs), await start(Jobs)];
      for (const app of apps) app.get(LockRegistry).on('skipped', () => log.now.skip());
    });
    afterEach(() => log.now.skip());

    const fire = async (job: string) => Promise.all(apps.map((app) => app.get(SchedulerRegistry).getCronJob(job).fireOnTick()));

    it('runs one of them at each tick', async () => {
      for (let tick = 1; tick <= 5; tick++) {
        log.now.nextTick();
        await fire('once');
        expect(log.now.runs).to.have.length(tick);
      }
      expect(log.now.runs).to.deep.equal([...new Set(log.now.runs)].sort());
    });

    it('runs both one after the other where they wait', async () => {
      for (let tick = 1; tick <= 5; tick++) await fire('each');
      expect([log.now.runs.length, log.now.mostInside]).to.deep.equal([10, 1]);
      expect(log.now.runs).to.deep.equal([...new Set(log.now.runs)].sort());
    });
  });
});
