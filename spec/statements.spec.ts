import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import * as dialects from '../lib/dialects/index.js';
import { LockRegistry, type RegistryOptions } from '../lib/index.js';
import { ManualClock } from '../lib/testing/index.js';
import { freshName } from './support/contract-world.js';
import { eachDatabase } from './support/databases.js';
import { recordStatements } from './support/statements.js';

/** What locks cost, counted where statements are handed to the driver. */
eachDatabase('The number of statements', (database) => {
  const registries: LockRegistry[] = [];
  let name: string;

  /** A registry that knows its table and has its connection. */
  const ready = async (options: RegistryOptions = {}): Promise<LockRegistry> => {
    const registry = new LockRegistry(database().newSequelize(), { connections: { max: 1 }, ...options });
    registries.push(registry);
    await (await registry.acquire(freshName())).release();
    return registry;
  };

  /** A while later what hands a lock over has been rehearsed, as far as the dialect does; forgets the statements. */
  const rehearsed = async (locks: LockRegistry, clock: ManualClock, statements: string[]): Promise<void> => {
    const steps = dialects[database().dialect].statements({ table: 'any' });
    const count = Object.keys(steps).filter((step) => step.startsWith('rehearse')).length;
    await clock.advance('2s');
    while (statements.length < count) await setTimeout(5);
    expect(statements).to.have.length(count);
    // The only connection is free again when the last one was answered; until then a clock that is moved would give it up.
    await locks.inspect(name);
    statements.length = 0;
  };

  beforeEach(() => (name = freshName()));
  afterEach(() => Promise.all(registries.splice(0).map((registry) => registry.close({ grace: 0 }))));

  for (const style of ['acquire', 'tryAcquire'] as const) {
    it(`is 2 to take a free lock and to give it back, the first use of its name included (${style})`, async () => {
      const locks = await ready();
      const statements = recordStatements();
      for (const count of [2, 4]) {
        await (await locks[style](name))?.release();
        expect(statements).to.have.length(count);
      }
    });
  }

  it('is 1 to find a lock busy', async () => {
    await (await ready()).acquire(name);
    const locks = await ready();
    const statements = recordStatements();
    expect(await locks.tryAcquire(name)).to.equal(undefined);
    expect(statements).to.have.length(1);
    await locks.run(name, () => undefined, { onBusy: 'skip' });
    expect(statements).to.have.length(2);
  });

  it('is 2 to fail because a lock is busy, and to say who holds it', async () => {
    await (await ready()).acquire(name);
    const locks = await ready();
    const statements = recordStatements();
    await locks.run(name, () => undefined, { onBusy: 'fail' }).catch(() => undefined);
    expect(statements).to.have.length(2);
  });

  it('is 0 to hand a lock over inside the process', async () => {
    const locks = await ready();
    const first = await locks.acquire(name);
    const statements = recordStatements();
    const second = locks.acquire(name);
    await first.release();
    expect((await second).held).to.equal(true);
    expect(statements).to.deep.equal([]);
  });

  it('is 2 for a hundred callers of one process that come at once', async () => {
    const locks = await ready({ fairness: '10s' });
    const statements = recordStatements();
    await Promise.all(Array.from({ length: 100 }, () => locks.run(name, () => undefined)));
    expect(statements).to.have.length(2);
  });

  it('is as many to renew a hundred leases as to renew one, which the dialect declares', async () => {
    const clock = new ManualClock();
    const locks = await ready({ clock, ttl: '24s' });
    const leases = await Promise.all(Array.from({ length: 100 }, () => locks.acquire(freshName())));
    const statements = recordStatements();
    await rehearsed(locks, clock, statements);
    let renewals = 0;
    locks.on('renewed', () => renewals++);
    await clock.advance('9s');
    while (renewals < 100) await setTimeout(5);
    expect(statements).to.have.length(dialects[database().dialect].facts.statementsPerStep.renew);
    expect(leases.every(({ held, remainingMs }) => held && remainingMs > 20_000)).to.equal(true);
    await Promise.all(leases.map((lease) => lease.release()));
  });

  it('is one more for each rehearsal of the dialect, once, where a lock is held for a while', async () => {
    const clock = new ManualClock();
    const locks = await ready({ clock });
    const statements = recordStatements();
    const [first, second] = [await locks.acquire(name), await locks.acquire(freshName())];
    statements.length = 0;
    await rehearsed(locks, clock, statements);
    await first.release();
    const again = await locks.acquire(name);
    statements.length = 0;
    await clock.advance('3s');
    await setTimeout(20);
    expect(statements).to.deep.equal([]);
    await Promise.all([again.release(), second.release()]);
  });

  it('is 0 for a lease that is held, asked about, and has enough left', async () => {
    const locks = await ready();
    const lease = await locks.acquire(name);
    const statements = recordStatements();
    lease.assertHeld();
    await lease.ensure('5s');
    expect([lease.held, lease.signal.aborted, lease.remainingMs > 0]).to.deep.equal([true, false, true]);
    expect(statements).to.deep.equal([]);
  });
});
