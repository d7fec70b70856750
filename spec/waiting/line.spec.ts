import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { LockRegistry } from '../../lib/index.js';
import { Child } from '../support/child.js';
import { eachDatabase } from '../support/databases.js';

eachDatabase('The line over processes', (database) => {
  const start = (name: string, ...args: string[]) => Child.start('../waiting/waiter.ts', [database().url, name, ...args]);
  const ready = (children: readonly Child[]) => Promise.all(children.map((child) => child.next()));

  it('serves waiters of several processes in the order in which they came', async function () {
    this.timeout(30_000);
    await using locks = new LockRegistry(database().newSequelize());
    const lease = await locks.acquire('in order');
    const waiters = Array.from({ length: 5 }, () => start('in order', '5'));
    await ready(waiters);

    for (const [before, waiter] of waiters.entries()) {
      waiter.send('go');
      await setTimeout(20);
      // On a busy machine, or where writers are served as they find a file unlocked, 20 ms are no distance.
      while (((await locks.inspect('in order'))?.waiters ?? 0) <= before) await setTimeout(5);
    }
    await lease.release();

    const tokens = await Promise.all(waiters.map(async (waiter) => (await waiter.next<{ token: number }>()).token));
    expect(tokens).to.deep.equal([...tokens].sort((one, other) => one - other));
    expect(new Set(tokens).size).to.equal(waiters.length);
  });

  it('leaves the lock to a caller that does not wait, after the holder and all waiters were killed at once', async function () {
    this.timeout(30_000);
    const ttl = 1_000;
    await using locks = new LockRegistry(database().newSequelize(), { ttl });
    const holder = start('all dead', 'for ever', String(ttl));
    const waiters = Array.from({ length: 3 }, () => start('all dead', '0', String(ttl)));
    await ready([holder, ...waiters]);
    holder.send('go');
    await holder.next();
    for (const waiter of waiters) waiter.send('go');
    while (((await locks.inspect('all dead'))?.waiters ?? 0) < waiters.length) await setTimeout(20);

    const killed = performance.now();
    for (const child of [holder, ...waiters]) child.kill('SIGKILL');
    let ran: unknown;
    do {
      ran = await locks.run('all dead', () => 'ran', { onBusy: 'skip' });
      await setTimeout(20);
    } while (ran !== 'ran');
    const tookMs = performance.now() - killed;

    // Its lease, and a claim for each of the dead: the claim is at most the ttl.
    expect(tookMs).to.be.below(ttl + waiters.length * ttl + 500);
    expect(tookMs).to.be.above(ttl / 3);
  });

  it('passes the lock on when the waiter in front has gone away', async function () {
    this.timeout(30_000);
    await using holder = new LockRegistry(database().newSequelize());
    await using gone = new LockRegistry(database().newSequelize());
    await using next = new LockRegistry(database().newSequelize());
    const lease = await holder.acquire('gave up');
    const givingUp = gone.acquire('gave up', { wait: 300 }).catch((error: unknown) => error);
    while ((await holder.inspect('gave up'))?.waiters !== 1) await setTimeout(10);
    const waiting = next.acquire('gave up');
    expect(await givingUp).to.have.property('code', 'LOCK_TIMEOUT');
    while ((await holder.inspect('gave up'))?.waiters !== 1) await setTimeout(10);

    const released = performance.now();
    await lease.release();
    const second = await waiting;

    expect(second.fencingToken).to.be.above(lease.fencingToken);
    // Far below a claim: nobody waited for the one who left.
    expect(performance.now() - released).to.be.below(1_500);
    await second.release();
  });

  it('is neither entered nor jumped by those who do not wait', async () => {
    await using holder = new LockRegistry(database().newSequelize());
    await using waiter = new LockRegistry(database().newSequelize());
    await using passer = new LockRegistry(database().newSequelize());
    const lease = await holder.acquire('no jumping');
    const waiting = waiter.acquire('no jumping');
    while ((await holder.inspect('no jumping'))?.waiters !== 1) await setTimeout(10);

    expect(await passer.tryAcquire('no jumping')).to.equal(undefined);
    expect((await holder.inspect('no jumping'))?.waiters).to.equal(1);
    await lease.release();
    const jumped = await passer.tryAcquire('no jumping');

    expect(jumped).to.equal(undefined);
    await (await waiting).release();
  });

  it('takes turns with other processes while callers of its own wait', async function () {
    this.timeout(20_000);
    const entries: string[] = [];
    const registries = [new LockRegistry(database().newSequelize()), new LockRegistry(database().newSequelize())];
    const until = performance.now() + 2_000;
    const caller = async (locks: LockRegistry, who: string) => {
      while (performance.now() < until) await locks.run('shared', async () => (entries.push(who), await setTimeout(2)));
    };

    await Promise.all(registries.flatMap((locks, at) => Array.from({ length: 4 }, () => caller(locks, `registry ${at}`))));
    await Promise.all(registries.map((locks) => locks.close()));

    const turns = entries.filter((who, at) => who !== entries[at - 1]).length;
    expect(turns, 'changes from one process to the other').to.be.above(4);
    for (const at of [0, 1]) expect(entries.filter((who) => who === `registry ${at}`).length / entries.length).to.be.above(0.2);
  });
});
