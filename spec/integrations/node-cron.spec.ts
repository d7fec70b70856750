import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import nodeCron, { type RunCoordinator, type ScheduledTask, type TaskContext } from 'node-cron';
import { Sequelize } from 'sequelize';
import { dialects, LockRegistry, LockStoreError, noRetry } from '../../lib/index.js';
import { runCoordinator } from '../../lib/integrations/node-cron.js';
import { intercepted, refused } from '../../lib/testing/index.js';
import { freshName } from '../support/contract-world.js';
import { onDatabase } from '../support/databases.js';
import { MemoryWorld } from '../support/memory-registry.js';
import { failureOf } from '../support/outcome.js';

const HALF_A_MINUTE = 30_000; // node-cron's own distributedLease

describe('A run coordinator', () => {
  let world: MemoryWorld;
  let task: string;

  beforeEach(() => {
    world = new MemoryWorld();
    task = freshName();
  });

  const at = (time: string) => `${task}:2030-01-01T${time}.000Z`;
  /** What an instance of the service answers node-cron. */
  const asked = async (tick: string, leaseMs = HALF_A_MINUTE, locks = world.locks()) => runCoordinator(locks).shouldRun(tick, leaseMs);

  it('says yes to one instance of many', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => asked(at('03:00:00'))));
    expect(answers.filter(Boolean)).to.have.length(1);
  });

  it('says no to an instance whose clock is late, for a minute at least and also after the run', async () => {
    const first = runCoordinator(world.locks());
    expect(await first.shouldRun(at('03:00:00'), 1_000)).to.equal(true);
    await first.onComplete?.(at('03:00:00'));
    await world.clock.advance(59_000);
    expect(await asked(at('03:00:00'), 1_000)).to.equal(false);
  });

  it('says no for as long as distributedLease where that is longer', async () => {
    await asked(at('03:00:00'), 3_600_000);
    await world.clock.advance('59m');
    expect(await asked(at('03:00:00'), 3_600_000)).to.equal(false);
  });

  it('says no after the instance that ran has closed its registry', async () => {
    const locks = world.locks();
    expect(await asked(at('03:00:00'), HALF_A_MINUTE, locks)).to.equal(true);
    await locks.close({ grace: 0 });
    expect(await asked(at('03:00:00'))).to.equal(false);
  });

  it('says yes to the next tick at once, and to other tasks', async () => {
    await asked(at('03:00:00'));
    expect(await asked(at('03:00:01'))).to.equal(true);
    expect(await asked(`other ${at('03:00:00')}`)).to.equal(true);
  });

  it('says yes again on the next day, and keeps one row for each time of day at which there is a tick', async () => {
    const answers: unknown[] = [];
    for (const day of ['01', '02', '03']) {
      for (const time of ['03:00:00', '15:00:00']) {
        answers.push(await asked(`${task}:2030-01-${day}T${time}.000Z`));
        await world.clock.advance('12h');
      }
    }
    expect(answers).to.deep.equal([true, true, true, true, true, true]);
    expect([...world.database.rows.keys()]).to.deep.equal([`node-cron:${task}@03:00:00`, `node-cron:${task}@15:00:00`]);
  });

  it('shows operators the tick beside the lock', async () => {
    const locks = world.locks();
    await asked(at('03:00:00'), HALF_A_MINUTE, locks);
    expect((await locks.inspect(`node-cron:${task}@03:00:00`))?.label).to.equal(at('03:00:00'));
  });

  it('is not led astray by what its registry has as defaults', async () => {
    const locks = world.locks({ ttl: '1s', maxHold: '2s', minHold: '1s', onBusy: 'fail' });
    expect(await asked(at('03:00:00'), HALF_A_MINUTE, locks)).to.equal(true);
    expect(await asked(at('03:00:00'), HALF_A_MINUTE, locks)).to.equal(false);
  });

  it('refuses what is no tick and what is no lease, before anything is sent', async () => {
    const { locks, session } = world.registry();
    expect((await failureOf(asked('nightly', HALF_A_MINUTE, locks), TypeError)).message).to.contain('"nightly"');
    for (const lease of [-1, 13 * 3_600_000])
      expect((await failureOf(asked(at('03:00:00'), lease, locks), RangeError)).message).to.contain('"distributedLease"');
    expect((await failureOf(asked(at('03:00:00'), NaN, locks), TypeError)).message).to.contain('"distributedLease"');
    expect(session.sent).to.deep.equal([]);
  });

  it('is made of a registry only', () => {
    expect(() => runCoordinator(new Sequelize({ dialect: 'postgres' }) as never)).to.throw(TypeError, 'LockRegistry');
  });
});

type TaskEvent = Parameters<ScheduledTask['on']>[0];

const EVERY_SECOND = '* * * * * *';

for (const dialect of ['postgres', 'sqlite'] as const) {
  onDatabase(dialect, `node-cron’s distributed tasks (${dialect})`, (database) => {
    let registries: LockRegistry[];

    beforeEach(() => {
      registries = [1, 2].map(() => new LockRegistry(database().newSequelize()));
    });
    afterEach(() => Promise.all(registries.map((registry) => registry.close())));

    it('run once for each fire time on one of the instances, also where one asks late, and the other is not elected', async function () {
      this.timeout(30_000);
      this.slow(10_000);
      const name = freshName();
      const runs: string[] = [];
      const skips: [string, string | undefined][] = [];
      const tasks = registries.map((registry, at) => {
        const coordinator = runCoordinator(registry);
        const shouldRun: RunCoordinator['shouldRun'] = async (tick, leaseMs) => {
          await setTimeout(at * 300); // this one's clock is late
          return coordinator.shouldRun(tick, leaseMs);
        };
        return nodeCron.schedule(EVERY_SECOND, ({ date }) => void runs.push(date.toISOString()), {
          name,
          distributed: true,
          runCoordinator: { ...coordinator, shouldRun },
        });
      });
      await new Promise<void>((resolve) => {
        for (const task of tasks) {
          task.on('execution:skipped', ({ date, reason }) => {
            skips.push([date.toISOString(), reason]);
            if (skips.length === 3) resolve();
          });
        }
      });
      await Promise.all(tasks.map(async (task) => task.destroy()));
      expect(runs).to.have.length.at.least(3);
      expect(new Set(runs)).to.have.property('size', runs.length);
      for (const [tick, reason] of skips) expect([runs.includes(tick), reason]).to.deep.equal([true, 'not-elected']);
    });
  });
}

describe('node-cron’s distributed tasks, while the database fails', () => {
  const errors: unknown[] = [];
  const ignore = () => undefined;
  const logger = { info: ignore, warn: ignore, debug: ignore, error: (_text: unknown, error: unknown) => errors.push(error) };

  beforeEach(() => errors.splice(0));

  /** A task that is asked for every second, and its next event of a kind. */
  const scheduled = (locks: LockRegistry) => {
    const task = nodeCron.schedule(EVERY_SECOND, ignore, {
      name: freshName(),
      distributed: true,
      runCoordinator: runCoordinator(locks),
      logger,
    });
    return { task, next: (event: TaskEvent) => new Promise<TaskContext>((resolve) => task.once(event, resolve)) };
  };

  it('are skipped as coordinator-error, with an error that says what failed', async function () {
    this.timeout(30_000);
    this.slow(10_000);
    // Nothing listens on port 1.
    const sequelize = new Sequelize('postgres://nobody@127.0.0.1:1/nothing', { logging: false });
    const locks = new LockRegistry(sequelize, { retry: noRetry() });
    const { task, next } = scheduled(locks);
    let runs = 0;
    task.on('execution:started', () => void (runs += 1));
    expect((await next('execution:skipped')).reason).to.equal('coordinator-error');
    await task.destroy();
    await locks.close();
    await sequelize.close();
    expect(errors[0]).to.be.instanceOf(LockStoreError);
    expect(runs).to.equal(0);
  });

  onDatabase('sqlite', 'and is back', (database) => {
    it('run again', async function () {
      this.timeout(30_000);
      this.slow(10_000);
      let down = true;
      const dialect = intercepted(dialects.sqlite, (step, run) => (down ? Promise.reject(refused()) : run()));
      await using locks = new LockRegistry(database().newSequelize(), { dialect });
      const { task, next } = scheduled(locks);
      expect((await next('execution:skipped')).reason).to.equal('coordinator-error');
      down = false;
      expect((await next('execution:started')).execution?.reason).to.equal('scheduled');
      await task.destroy();
    });
  });
});
