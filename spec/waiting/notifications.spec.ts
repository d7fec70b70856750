import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { Sequelize } from 'sequelize';
import { type LockEvents, LockRegistry, noRetry, pollingOnly, type RegistryOptions } from '../../lib/index.js';
import { connect, onDatabase } from '../support/databases.js';
import { PgBouncer } from '../support/pg-bouncer.js';
import { recordStatements } from '../support/statements.js';
import { unavailable } from '../support/requirements.js';

onDatabase('postgres', 'Notifications', (database) => {
  const registry = (options?: RegistryOptions) => new LockRegistry(database().newSequelize(), options);
  const inLine = async (locks: LockRegistry, name: string) => {
    while (((await locks.inspect(name))?.waiters ?? 0) < 1) await setTimeout(10);
  };
  const listeners = async (sequelize: Sequelize): Promise<number[]> => {
    const [rows] = await sequelize.query(`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`);
    return (rows as { pid: number }[]).map(({ pid }) => pid);
  };

  it('wake the next owner at once', async () => {
    await using holder = registry();
    await using waiter = registry();
    const lease = await holder.acquire('at once');
    const waiting = waiter.acquire('at once');
    await inLine(holder, 'at once');
    await setTimeout(300);

    const released = performance.now();
    await lease.release();
    await (await waiting).release();

    // A look by the clock would come within a claim period of 3 s.
    expect(performance.now() - released).to.be.below(400);
  });

  it('cost one connection while somebody waits, and none for those who do not', async () => {
    const sequelize = database().newSequelize();
    await using holder = registry();
    await using waiter = registry();
    const names = ['one', 'two', 'three'];
    const leases = await Promise.all(names.map((name) => holder.acquire(name)));
    expect(await listeners(sequelize)).to.have.length(0);
    const waiting = names.map((name) => waiter.acquire(name));
    await Promise.all(names.map((name) => inLine(holder, name)));
    await setTimeout(300);

    expect(await listeners(sequelize)).to.have.length(1);

    for (const lease of leases) await lease.release();
    for (const lease of await Promise.all(waiting)) await lease.release();
    await waiter.close();
    await setTimeout(50);
    expect(await listeners(sequelize)).to.have.length(0);
  });

  it('let a waiter cost one look in a claim period', async function () {
    this.timeout(10_000);
    await using holder = registry();
    await using waiter = registry({ claim: 1_000 });
    const names = Array.from({ length: 20 }, (_, at) => `quiet ${at}`);
    const leases = await Promise.all(names.map((name) => holder.acquire(name, { renew: false })));
    const waiting = names.map((name) => waiter.acquire(name));
    await Promise.all(names.map((name) => inLine(holder, name)));
    await setTimeout(1_200);

    const statements = recordStatements();
    await setTimeout(3_100);

    expect(statements.length, statements.join('\n')).to.be.within(1, 4);
    for (const lease of leases) await lease.release();
    for (const lease of await Promise.all(waiting)) await lease.release();
  });

  it('may be lost: the waiter finds its turn by a look', async function () {
    this.timeout(10_000);
    const admin = database().newSequelize();
    await using holder = registry();
    await using waiter = registry({ claim: 1_000 });
    const lease = await holder.acquire('lost');
    const waiting = waiter.acquire('lost');
    await inLine(holder, 'lost');
    await setTimeout(300);
    // Stopped listening behind the library's back: the connection is well, and silent.
    for (const pid of await listeners(admin)) await admin.query(`SELECT pg_terminate_backend(${pid})`);
    await lease.release();

    const released = performance.now();
    await (await waiting).release();

    expect(performance.now() - released).to.be.below(2_500);
  });

  it('come back after the listening connection was killed', async function () {
    this.timeout(10_000);
    const admin = database().newSequelize();
    await using holder = registry();
    await using waiter = registry();
    const lease = await holder.acquire('killed');
    const waiting = waiter.acquire('killed');
    await inLine(holder, 'killed');
    await setTimeout(300);
    const [before] = await listeners(admin);
    await admin.query(`SELECT pg_terminate_backend(${before})`);
    await setTimeout(1_000);

    const [after] = await listeners(admin);
    expect(after).to.be.a('number').and.not.equal(before);
    const released = performance.now();
    await lease.release();
    await (await waiting).release();
    expect(performance.now() - released).to.be.below(400);
  });

  it('can be switched off: waiters poll', async () => {
    const admin = database().newSequelize();
    await using holder = registry({ waker: pollingOnly() });
    await using waiter = registry({ waker: pollingOnly() });
    const lease = await holder.acquire('polled');
    const waiting = waiter.acquire('polled');
    await inLine(holder, 'polled');
    await setTimeout(200);

    expect(await listeners(admin)).to.have.length(0);
    await lease.release();
    await (await waiting).release();
  });

  describe('behind a transaction pooler', () => {
    let bouncer: PgBouncer | undefined;
    const through = (pooler: PgBouncer | undefined) => pooler?.url(new URL(database().url).pathname.slice(1)) ?? '';

    before(async function () {
      this.timeout(20_000);
      try {
        bouncer = await PgBouncer.start(new URL(database().url));
      } catch (error) {
        unavailable(this, 'pgbouncer', String(error));
      }
    });
    after(() => bouncer?.stop());

    it('are found not to arrive: one event says so, waiters poll, and the lock is handed on', async function () {
      this.timeout(20_000);
      const failures: LockEvents['failed'][] = [];
      const url = through(bouncer);
      const [one, other] = [connect(url), connect(url)];
      const holder = new LockRegistry(one);
      const waiter = new LockRegistry(other).on('failed', (failure) => failures.push(failure));
      const lease = await holder.acquire('pooled');
      const waiting = waiter.acquire('pooled');
      await inLine(holder, 'pooled');
      await setTimeout(2_500);

      const released = performance.now();
      await lease.release();
      await (await waiting).release();

      expect(failures.map(({ step }) => step)).to.deep.equal(['listen']);
      expect(performance.now() - released).to.be.below(2_000);
      await Promise.all([holder.close(), waiter.close(), one.close(), other.close()]);
    });

    it('does not keep locks from working: every entry excludes the others', async function () {
      this.timeout(20_000);
      const url = through(bouncer);
      const pools = [connect(url), connect(url), connect(url)];
      const registries = pools.map((pool) => new LockRegistry(pool));
      let inside = 0;
      let overlaps = 0;
      const caller = async (locks: LockRegistry) => {
        for (let at = 0; at < 20; at++) {
          await locks.run('through the pooler', async () => {
            if (inside++ > 0) overlaps++;
            await setTimeout(1);
            inside--;
          });
        }
      };

      await Promise.all(registries.flatMap((locks) => [caller(locks), caller(locks)]));

      expect(overlaps).to.equal(0);
      await Promise.all(registries.map((locks) => locks.close()));
      await Promise.all(pools.map((pool) => pool.close()));
    });

    it('costs no attempt: what a server refused by its name goes out again at once', async function () {
      this.timeout(20_000);
      await using fresh = await PgBouncer.start(new URL(database().url));
      const url = through(fresh);
      const [one, other] = [connect(url), connect(url)];
      const [first, second] = [new LockRegistry(one, { retry: noRetry() }), new LockRegistry(other, { retry: noRetry() })];

      await first.createTable();
      await (await first.tryAcquire('pooled'))?.release();
      // The pooler hands out the server that was used last, and there all of this is prepared.
      const lease = await second.tryAcquire('pooled');

      expect(lease?.held).to.equal(true);
      await Promise.all([first.close({ grace: 0 }), second.close({ grace: 0 })]);
      await Promise.all([one.close(), other.close()]);
    });

    it("never runs a statement that another table's locks prepared under the same name", async function () {
      this.timeout(20_000);
      // One of its own: on the servers of the other's nothing is prepared yet.
      await using fresh = await PgBouncer.start(new URL(database().url));
      const url = through(fresh);
      const [one, other, first, second] = [connect(url), connect(url), connect(url), connect(url)];
      const [ours, theirs] = [new LockRegistry(one, { table: 'ours' }), new LockRegistry(other, { table: 'theirs' })];
      await Promise.all([ours.createTable(), theirs.createTable()]);
      // The pooler gives a server that another one's transaction does not hold: theirs prepares on one, ours on the other.
      const held = await first.transaction();
      await theirs.tryAcquire('on the second server');
      const heldToo = await second.transaction();
      await held.commit();
      await ours.tryAcquire('on the first server');
      const heldAgain = await first.transaction();
      await heldToo.commit();

      await ours.tryAcquire('where theirs was prepared');

      expect(await ours.inspect('where theirs was prepared')).to.include({ name: 'where theirs was prepared' });
      expect(await theirs.inspect('where theirs was prepared')).to.equal(undefined);
      await heldAgain.commit();
      await Promise.all([ours.close({ grace: 0 }), theirs.close({ grace: 0 })]);
      await Promise.all([one, other, first, second].map((pool) => pool.close()));
    });
  });
});
