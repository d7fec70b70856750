import { expect } from 'chai';
import type { Claim, Release } from '../../lib/contracts/dialect.js';
import {
  LeaseLostError,
  LockBusyError,
  LockDeadlockError,
  LockRegistryClosedError,
  LockStoreError,
  LockTimeoutError,
} from '../../lib/core/errors.js';
import type { Lease } from '../../lib/engine/lease.js';
import { LeaseSet } from '../../lib/engine/lease-set.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { failed, REFUSED } from '../support/memory-session.js';
import { failureOf, rejection } from '../support/outcome.js';
import { Replica } from '../support/replica.js';

describe('LockEngine', () => {
  let clock: ManualClock;
  let database: MemoryDatabase;
  let replica: Replica;
  let other: Replica;

  beforeEach(() => {
    clock = new ManualClock();
    database = new MemoryDatabase(clock);
    replica = new Replica(database, clock);
    other = new Replica(database, clock, { holder: 'host 7' });
  });

  const keys = (step: 'ask' | 'release') =>
    replica.session.sent.filter((one) => one.step === step).map(({ args }) => (args[0] as Claim | Release).key);

  describe('takes one name', () => {
    it('that is text, or the only one of a list', async () => {
      const [one, alone] = [await replica.acquire('a'), await replica.acquire(['b'])];
      expect([one.name, alone.name, alone instanceof LeaseSet]).to.deep.equal(['a', 'b', false]);
      expect([...one.leases, ...alone.leases]).to.deep.equal([one, alone]);
    });

    it('and refuses what is none, before anything is sent', async () => {
      for (const names of ['', [], [''], undefined, null, 7, ['a', 7], {}]) {
        await failureOf(replica.acquire(names as never), TypeError);
        await failureOf(replica.tryAcquire(names as never), TypeError);
      }
      await failureOf(replica.acquire('x'.repeat(1_025)), RangeError);
      expect(replica.session.sent).to.deep.equal([]);
    });

    it('and waits for none with a wait of 0: it asks once, and tells who is in the way', async () => {
      await other.acquire('a');
      const error = await failureOf(replica.acquire('a', { wait: 0 }), LockTimeoutError);
      expect([error.waitedMs, error.occupant.holder, replica.session.steps.filter((step) => step !== 'look')]).to.deep.equal([
        0,
        'host 7',
        ['ask'],
      ]);
      expect(clock.slept).to.deep.equal([]);
    });

    it('and gets a free one with a wait of 0', async () => {
      expect((await replica.acquire('a', { wait: 0 })).held).to.equal(true);
    });

    it('not where the signal has aborted already: then nothing is sent', async () => {
      const signal = AbortSignal.abort('too late');
      expect(await rejection(replica.acquire('a', { signal }))).to.equal('too late');
      expect(await rejection(replica.tryAcquire('a', { signal }))).to.equal('too late');
      expect(replica.session.sent).to.deep.equal([]);
    });

    it('for good: a signal that aborts after the grant changes nothing', async () => {
      const controller = new AbortController();
      const lease = await replica.acquire('a', { signal: controller.signal });
      controller.abort();
      await clock.advance('1m');
      expect([lease.held, lease.signal.aborted]).to.deep.equal([true, false]);
    });
  });

  describe('takes several names', () => {
    it('in byte order, each once', async () => {
      const lease = await replica.acquire(['b', 'a', 'B', 'b']);
      expect([keys('ask'), lease.name]).to.deep.equal([['B', 'a', 'b'], 'B, a, b']);
    });

    it('all or none: one that is busy lets go of those before it', async () => {
      await other.acquire('b');
      expect(await replica.tryAcquire(['c', 'b', 'a'])).to.equal(undefined);
      expect([keys('ask'), keys('release'), database.ownerOf('a')]).to.deep.equal([['a', 'b'], ['a'], undefined]);
      expect(replica.events.of('busy').map(({ lockName }) => lockName)).to.deep.equal(['b']);
    });

    it('within one wait', async () => {
      const [a] = [await other.acquire('a'), await other.acquire('b')];
      const error = failureOf(replica.acquire(['a', 'b'], { wait: '3s' }), LockTimeoutError);
      await clock.advance('2s');
      await a.release();
      await clock.advance('1s');
      expect((await error).lockName).to.equal('b');
      await clock.advance(10);
      expect(database.ownerOf('a')).to.equal(undefined);
    });

    it('or lets go of those it has when the signal aborts, or the database fails', async () => {
      await other.acquire('b');
      const controller = new AbortController();
      const waiting = rejection(replica.acquire(['a', 'b'], { signal: controller.signal }));
      await clock.advance(500);
      controller.abort('gone');
      expect(await waiting).to.equal('gone');
      expect(database.ownerOf('a')).to.equal(undefined);

      replica.session.plan('ask', (run) => Promise.resolve(run()), failed(REFUSED));
      await failureOf(replica.tryAcquire(['c', 'd']), LockStoreError);
      expect(database.ownerOf('c')).to.equal(undefined);
    });

    it('without a deadlock, however others order theirs', async () => {
      let [inside, most, done] = [0, 0, 0];
      const visit = () => {
        most = Math.max(most, ++inside);
        return clock.sleep(20).then(() => (inside--, done++));
      };
      for (const names of [
        ['a', 'b'],
        ['b', 'a'],
      ])
        for (const process of [replica, other]) void process.run(names, visit);
      await clock.advance('20s');
      expect([most, done]).to.deep.equal([1, 4]);
    });
  });

  describe('gives for several names a set', () => {
    let set: LeaseSet;

    beforeEach(async () => {
      const leases = await replica.acquire(['a', 'b']);
      if (!(leases instanceof LeaseSet)) throw new Error('no set');
      set = leases;
    });

    it('of a lease for each, with a token of its own', () => {
      expect(set.leases.map(({ name }) => name)).to.deep.equal(['a', 'b']);
      expect(set.leases.map(({ fencingToken }) => fencingToken)).to.deep.equal([database.row('a').token, database.row('b').token]);
      expect(() => set.fencingToken).to.throw(TypeError, '`leases`');
    });

    it('that is held as long as each of them is', async () => {
      expect([set.held, set.remainingMs]).to.deep.equal([true, 29_700]);
      await clock.advance('5s');
      await set.leases[0]?.extend('2m');
      expect(set.remainingMs).to.equal(24_700);
      database.revoke('b');
      await clock.advance('5s');
      expect([set.held, set.remainingMs]).to.deep.equal([false, 0]);
      expect(() => set.assertHeld()).to.throw(LeaseLostError, '"b"');
    });

    it('whose signal aborts at the first loss', async () => {
      const { signal } = set;
      database.revoke('b');
      await clock.advance('10s');
      expect([signal, signal.aborted, (signal.reason as LeaseLostError).lockName]).to.deep.equal([set.signal, true, 'b']);
      expect(set.leases[0]?.held).to.equal(true);
    });

    it('that is extended as a whole', async () => {
      await set.extend('1m');
      expect(set.remainingMs).to.equal(59_700);
      await set.ensure('2m');
      expect(set.remainingMs).to.equal(120_000);
    });

    it('that is released in reverse order, once', async () => {
      expect([await set.release(), await set.release()]).to.deep.equal([true, true]);
      expect(keys('release')).to.deep.equal(['b', 'a']);
    });

    it('whose release frees the others where one was lost, and says so', async () => {
      database.rows.delete('b');
      await clock.advance('10s');
      expect([await set.release(), database.ownerOf('a')]).to.deep.equal([false, undefined]);
    });

    it('that a scope releases', async () => {
      await set[Symbol.asyncDispose]();
      expect([set.held, database.ownerOf('a'), database.ownerOf('b')]).to.deep.equal([false, undefined, undefined]);
    });
  });

  describe('knows what the async context holds', () => {
    it('and refuses at once to wait for that', async () => {
      const error = failureOf(
        replica.run('a', () => replica.acquire('a')),
        LockDeadlockError,
      );
      expect(await error).to.include({ lockName: 'a', code: 'LOCK_DEADLOCK' });
      expect(clock.now().monotonicMs).to.equal(0);
    });

    it('among several names, and through what the body calls', async () => {
      const nested = replica.run(['a', 'b'], () => replica.run('c', async () => replica.acquire(['d', 'b'])));
      expect(await failureOf(nested, LockDeadlockError)).to.include({ lockName: 'b' });
    });

    it('and answers busy to whoever does not wait', async () => {
      const asked = await replica.run('a', async () => [
        await replica.tryAcquire('a'),
        await replica.run('a', () => 'ran', { onBusy: 'skip' }),
        await rejection(replica.acquire('a', { wait: 0 })),
      ]);
      expect(asked).to.have.nested.property('[0]', undefined);
      expect(String((asked as unknown[])[1])).to.contain('execution-skipped');
      expect((asked as unknown[])[2]).to.be.instanceOf(LockTimeoutError);
    });

    it('and lets others wait for it', async () => {
      let finish = (): void => undefined;
      const order: string[] = [];
      const first = replica.run('a', () => new Promise<void>((resolve) => (finish = resolve)).then(() => order.push('first')));
      const second = replica.run('a', () => order.push('second'));
      await clock.advance(10);
      finish();
      await clock.advance(10);
      await Promise.all([first, second]);
      expect(order).to.deep.equal(['first', 'second']);
    });

    it('not any more when its body is done: what that started and did not wait for may wait', async () => {
      let go = (): void => undefined;
      let detached: Promise<Lease> | undefined;
      await replica.run('a', () => {
        detached = new Promise<void>((resolve) => (go = resolve)).then(() => replica.acquire('a'));
      });
      go();
      expect((await detached)?.held).to.equal(true);
    });

    it('of its own: another registry’s lock of the same name is another lock', async () => {
      const elsewhere = new Replica(new MemoryDatabase(clock), clock);
      expect(await replica.run('a', () => elsewhere.run('a', () => 'ran'))).to.equal('ran');
    });

    it('and nothing of leases that were acquired without a body: these may go anywhere', async () => {
      await replica.acquire('a');
      const waiting = failureOf(replica.acquire('a', { wait: '1s' }), LockTimeoutError);
      await clock.advance('1s');
      await waiting;
    });
  });

  describe('tells who fails at a busy lock who is in the way', () => {
    const busy = (names: string | string[]) =>
      failureOf(
        replica.run(names, () => 'ran', { onBusy: 'fail' }),
        LockBusyError,
      );

    it('in this process, without a statement', async () => {
      await replica.acquire('a', { label: 'nightly' });
      const sent = replica.session.sent.length;
      const { occupant } = await busy('a');
      expect([occupant.holder, occupant.label, replica.session.sent.length]).to.deep.equal(['replica', 'nightly', sent]);
    });

    it('elsewhere, by a look', async () => {
      await other.acquire('a');
      expect([(await busy('a')).occupant.holder, replica.session.steps]).to.deep.equal(['host 7', ['ask', 'look']]);
    });

    it('of several names, at the first that is held', async () => {
      await other.acquire('b');
      const error = await busy(['a', 'b', 'c']);
      expect([error.lockName, error.occupant.holder, database.ownerOf('a')]).to.deep.equal(['b', 'host 7', undefined]);
    });

    it('not where nobody knows: a failed look is no error of its own', async () => {
      await other.acquire('a');
      replica.session.always('look', failed(REFUSED));
      expect((await busy('a')).occupant).to.deep.equal({});
    });
  });

  it('runs what operators ask for', async () => {
    await other.acquire('a');
    expect(await replica.engine.operate('revoke', (statements) => statements.revoke('a'), 'a')).to.equal(true);
    expect(database.row('a').revoked).to.equal(true);
    replica.session.always('list', failed(REFUSED));
    expect(
      await failureOf(
        replica.engine.operate('list', (statements) => statements.list()),
        LockStoreError,
      ),
    ).to.include({ step: 'list' });
  });

  it('once closed takes no new work', async () => {
    await replica.engine.close(0);
    for (const refused of [
      replica.acquire('a'),
      replica.tryAcquire('a'),
      replica.run('a', () => 'ran'),
      replica.acquire(['a', 'b'], { wait: 0 }),
      replica.engine.operate('revoke', (statements) => statements.revoke('a'), 'a'),
    ]) {
      expect(await failureOf(refused, LockRegistryClosedError)).to.include({ lockName: 'a' });
    }
    expect(replica.session.sent).to.deep.equal([]);
  });
});
