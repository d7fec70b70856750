import { expect } from 'chai';
import { LeaseLostError, LockBusyError, LockTimeoutError } from '../../lib/core/errors.js';
import { currentLease } from '../../lib/engine/held-context.js';
import { LeaseSet } from '../../lib/engine/lease-set.js';
import { EXECUTION_SKIPPED } from '../../lib/engine/run-locked.js';
import { isLockRegistry } from '../../lib/is-lock-registry.js';
import { LockRegistry } from '../../lib/lock-registry.js';
import { Locked } from '../../lib/locked.js';
import { FakeLocks } from '../../lib/testing/fake-locks.js';
import { failureOf, rejection } from '../support/outcome.js';

describe('FakeLocks', () => {
  let locks: FakeLocks;

  beforeEach(() => {
    locks = new FakeLocks();
  });
  afterEach(() => locks.close());

  it('are a registry to everybody who asks', () => {
    expect(locks).to.be.instanceOf(LockRegistry);
    expect(isLockRegistry(locks)).to.equal(true);
  });

  it('leave no method to the real registry that would need a database', () => {
    const harmless = ['constructor', 'withLock', 'createTableSql', 'on', 'off', 'close', Symbol.asyncDispose];
    const methods = Reflect.ownKeys(LockRegistry.prototype).filter((key) => !harmless.includes(key as string));
    expect(Reflect.ownKeys(FakeLocks.prototype)).to.include.members(methods);
  });

  it('grant every lock at once, to anybody, with growing tokens', async () => {
    const [one, two] = [await locks.acquire('job'), await locks.tryAcquire('job')];
    expect([one.held, one.fencingToken, two?.held, two?.fencingToken]).to.deep.equal([true, 1, true, 2]);
  });

  it('run a body under a lease, which ends with it', async () => {
    const lease = await locks.run('job', (given) => {
      expect([currentLease(), given.held, given.name]).to.deep.equal([given, true, 'job']);
      return given;
    });
    expect([lease.held, lease.remainingMs]).to.deep.equal([false, 0]);
    expect(() => lease.assertHeld()).to.throw(LeaseLostError, 'it was released');
  });

  it('give the body’s error back, the very same', async () => {
    const mistake = new Error('mine');
    expect(await rejection(locks.run('job', () => Promise.reject(mistake)))).to.equal(mistake);
    expect(await locks.list()).to.deep.equal([]);
  });

  it('give a set of leases for several names', async () => {
    const lease = await locks.acquire(['b', 'a']);
    if (!(lease instanceof LeaseSet)) throw new Error('It is no set.');
    expect(lease.leases.map(({ name, fencingToken }) => [name, fencingToken])).to.deep.equal([
      ['a', 1],
      ['b', 2],
    ]);
    expect(await lease.transaction(() => 'written')).to.equal('written');
    expect([await lease.release(), lease.held]).to.deep.equal([true, false]);
  });

  it('stand behind withLock and @Locked', async () => {
    class Jobs {
      readonly locks = locks;

      @Locked((id: string) => `job:${id}`, { ttl: '5s' })
      async run(id: string): Promise<string> {
        return id;
      }
    }
    expect(await new Jobs().run('7')).to.equal('7');
    expect(await locks.withLock('report', (day: number) => day)(3)).to.equal(3);
    expect(locks.calls.map(({ method, names }) => [method, ...names])).to.deep.equal([
      ['run', 'job:7'],
      ['run', 'report'],
    ]);
    expect(locks.calls[0]?.options).to.deep.equal({ ttl: '5s' });
  });

  describe('where a name is busy', () => {
    beforeEach(() => {
      locks.busy.add('job');
    });

    const body = () => 'ran';

    it('skip, fail or time out, and never wait', async () => {
      expect(await locks.run('job', body, { onBusy: 'skip' })).to.equal(EXECUTION_SKIPPED);
      expect((await failureOf(locks.run('job', body, { onBusy: 'fail' }), LockBusyError)).lockName).to.equal('job');
      expect((await failureOf(locks.run('job', body), LockTimeoutError)).lockName).to.equal('job');
      expect((await failureOf(locks.acquire(['a', 'job']), LockTimeoutError)).lockName).to.equal('job');
      expect(await locks.tryAcquire('job')).to.equal(undefined);
    });

    it('grant the others, and that one when it is busy no more', async () => {
      expect(await locks.run('other', body)).to.equal('ran');
      locks.busy.delete('job');
      expect(await locks.run('job', body)).to.equal('ran');
    });
  });

  it('tell who holds what, and take it away at once', async () => {
    locks.busy.add('elsewhere');
    const lease = await locks.acquire('here', { label: 'mine' });
    expect((await locks.list()).map(({ name, label, fencingToken }) => [name, label, fencingToken])).to.deep.equal([
      ['elsewhere', '', 0],
      ['here', 'mine', 1],
    ]);
    expect([await locks.forceRelease('here'), await locks.forceRelease('elsewhere'), await locks.forceRelease('nobody’s')]).to.deep.equal([
      true,
      true,
      false,
    ]);
    expect([lease.signal.aborted, lease.held, await lease.release(), locks.busy.size]).to.deep.equal([true, false, false, 0]);
    expect([await locks.inspect('here'), await locks.inspect('elsewhere')]).to.deep.equal([undefined, undefined]);
  });

  it('reject a body that resolved under a lease it had lost', async () => {
    const lost = locks.run('job', async () => locks.forceRelease('job'));
    expect((await failureOf(lost, LeaseLostError)).reason).to.equal('revoked');
  });

  it('refuse fenced transactions of a lease that is over', async () => {
    const lease = await locks.acquire('job');
    expect(await lease.transaction({}, () => 'written')).to.equal('written');
    await locks.forceRelease('job');
    await failureOf(
      lease.transaction(() => 'written'),
      LeaseLostError,
    );
    await failureOf(lease.fence({} as never), LeaseLostError);
    await failureOf(lease.ensure(1_000), LeaseLostError);
    await failureOf(lease.extend('1s'), LeaseLostError);
  });

  it('refuse names and options as the real registry does', async () => {
    await failureOf(locks.acquire(''), TypeError);
    await failureOf(locks.acquire([]), TypeError);
    await failureOf(locks.acquire('job', { tll: '1s' } as never), TypeError);
    await failureOf(locks.acquire('job', { ttl: 1 }), RangeError);
    expect(locks.calls).to.deep.equal([]);
  });

  it('refuse options that the real ones would refuse', async () => {
    const locks = new FakeLocks();
    for (const call of [locks.acquire('a', { onBusy: 'skip' } as object), locks.tryAcquire('a', { reentrant: true } as object)])
      expect(await rejection(call)).to.be.instanceOf(TypeError);
    expect(locks.calls).to.deep.equal([]);
  });
});
