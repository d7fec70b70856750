import { expect } from 'chai';
import { systemClock } from '../../lib/adapters/system-clock.js';
import { withLock } from '../../lib/index.js';
import type { LockRegistry } from '../../lib/index.js';
import { type Case, dialectContract, intercepted, ManualClock, MemoryLocks, refused } from '../../lib/testing/index.js';
import { LockStoreError } from '../../lib/core/errors.js';
import { freshName } from '../support/contract-world.js';
import { failureOf } from '../support/outcome.js';
import { SideBySide } from '../support/side-by-side.js';

/** Each case has a database of its own. */
async function inMemory({ run }: Case): Promise<void> {
  const memory = new MemoryLocks();
  const registries: LockRegistry[] = [];
  try {
    await run({
      dialect: memory.dialect,
      clock: systemClock,
      freshName,
      locks(options) {
        const registry = memory.registry(options);
        registries.push(registry);
        return registry;
      },
    });
  } finally {
    await Promise.all(registries.map((registry) => registry.close({ grace: 0 })));
  }
}

describe('The contract of a lock (in memory)', () => {
  const { dialect } = new MemoryLocks();
  const cases = dialectContract.filter(({ needs }) => needs === undefined || dialect.facts[needs]);
  const quick = new SideBySide<Case>(
    cases.filter(({ slow }) => !slow),
    6,
    inMemory,
  );

  for (const one of cases) {
    it(one.name, async function () {
      this.timeout(one.slow ? 60_000 : 20_000); // for a machine that is busy with other things
      if (!one.slow) return quick.result(one);
      await quick.end();
      await inMemory(one);
    });
  }

  after(() => quick.end());
});

describe('MemoryLocks', () => {
  it('are shared by registries of one database, and not by those of another', async () => {
    const memory = new MemoryLocks();
    const held = await memory.registry().acquire('report');
    expect(await memory.registry().tryAcquire('report')).to.equal(undefined);
    expect(await new MemoryLocks().registry().tryAcquire('report')).not.to.equal(undefined);
    await held.release();
    expect((await memory.registry().tryAcquire('report'))?.fencingToken).to.be.above(held.fencingToken);
  });

  it('hand a lock to the process that waits for it without a poll', async () => {
    const clock = new ManualClock();
    const memory = new MemoryLocks({ clock });
    const held = await memory.registry().acquire('report');
    const waiting = memory.registry({ polling: () => 60_000 }).acquire('report');
    await clock.advance(100);
    const startedMs = clock.now().monotonicMs;
    await held.release();
    await clock.until(waiting);
    expect(clock.now().monotonicMs - startedMs).to.be.below(1_000);
  });

  it('end leases on the clock that they are given', async () => {
    const clock = new ManualClock();
    const memory = new MemoryLocks({ clock });
    const locks = memory.registry({ ttl: '30s' });
    const lease = await locks.acquire('report', { renew: false });
    expect(lease.acquiredAt).to.deep.equal(new Date(clock.now().wallMs));
    await clock.advance('29s');
    expect([lease.held, await locks.tryAcquire('report')]).to.deep.equal([true, undefined]);
    await clock.advance('2s');
    expect(lease.held).to.equal(false);
    expect(await memory.registry().tryAcquire('report')).not.to.equal(undefined);
  });

  it('let a statement fail that a test wants to fail', async () => {
    const memory = new MemoryLocks();
    const dialect = intercepted(memory.dialect, (step, run) => (step === 'list' ? Promise.reject(refused()) : run()));
    const locks = memory.registry({ dialect });
    await (await locks.acquire('report')).release();
    await failureOf(locks.list(), LockStoreError);
    expect(await memory.registry().list()).to.deep.equal([]);
  });

  it('run a function under a lock, one call at a time', async () => {
    const memory = new MemoryLocks();
    let [running, most] = [0, 0];
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await systemClock.sleep(1);
      running--;
    };
    const locked = [memory.registry(), memory.registry()].map((registry) => withLock('report', work, { registry }));
    await Promise.all([...locked, ...locked, ...locked].map((call) => call()));
    expect(most).to.equal(1);
    const without = [work, work].map((call) => call());
    await Promise.all(without);
    expect(most, 'without the lock').to.equal(2);
  });

  it('have no transactions, and say so', async () => {
    const lease = await new MemoryLocks().registry().acquire('report');
    expect(
      (
        await failureOf(
          lease.transaction(() => undefined),
          TypeError,
        )
      ).message,
    ).to.contain('Sequelize');
    await lease.release();
  });
});
