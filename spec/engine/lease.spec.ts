import { expect } from 'chai';
import { LeaseLostError, LockStoreError } from '../../lib/core/errors.js';
import { isHeldLease } from '../../lib/engine/held-lease.js';
import type { Lease } from '../../lib/engine/lease.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { answerLost, failed, REFUSED, silent } from '../support/memory-session.js';
import { failureOf } from '../support/outcome.js';
import { Replica } from '../support/replica.js';

describe('A lease', () => {
  let clock: ManualClock;
  let database: MemoryDatabase;
  let replica: Replica;
  let lease: Lease;

  beforeEach(async () => {
    clock = new ManualClock();
    database = new MemoryDatabase(clock);
    replica = new Replica(database, clock);
    lease = await replica.acquire('invoices');
  });

  const lapse = () => (replica.session.always('renew', failed()), clock.advance('30s'));

  it('shows its name, its token, when it was granted and how long it may be believed in', async () => {
    const { token, acquiredAt } = database.row('invoices');
    await clock.advance('5s');
    expect([lease.name, lease.fencingToken, lease.acquiredAt]).to.deep.equal(['invoices', token, new Date(acquiredAt)]);
    expect([lease.held, lease.remainingMs]).to.deep.equal([true, 24_700]);
  });

  it('keeps its token over renewals', async () => {
    const { fencingToken } = lease;
    await clock.advance('1m');
    expect(lease.fencingToken).to.equal(fencingToken);
  });

  describe('has a signal', () => {
    it('that aborts when the lease is lost, with the error as its reason, and tells every listener', async () => {
      const heard: unknown[] = [];
      lease.signal.addEventListener('abort', () => heard.push('first'));
      lease.signal.addEventListener('abort', () => heard.push('second'));
      await lapse();
      expect(heard).to.deep.equal(['first', 'second']);
      expect(lease.signal.reason).to.be.instanceOf(LeaseLostError).and.include({ code: 'LEASE_LOST', reason: 'unreachable' });
    });

    it('that has aborted already where it is asked for after the loss', async () => {
      await lapse();
      expect([lease.signal.aborted, (lease.signal.reason as LeaseLostError).fencingToken]).to.deep.equal([true, lease.fencingToken]);
    });

    it('that is always the same', () => {
      expect(lease.signal).to.equal(lease.signal);
    });

    it('that a release does not abort', async () => {
      const { signal } = lease;
      await lease.release();
      await clock.advance('1h');
      expect([signal.aborted, lease.signal.aborted]).to.deep.equal([false, false]);
    });

    it('whose listener may throw without disturbing anybody else', async () => {
      const mistakes: unknown[] = [];
      const warned = new Promise<void>((resolve) =>
        process.once('uncaughtException', (error) => (mistakes.push(error.message), resolve())),
      );
      const others = process.listeners('uncaughtException').slice(0, -1);
      for (const other of others) process.off('uncaughtException', other);
      let heard = false;
      lease.signal.addEventListener('abort', () => {
        throw new Error('a listener’s mistake');
      });
      lease.signal.addEventListener('abort', () => (heard = true));
      await lapse();
      await warned;
      for (const other of others) process.on('uncaughtException', other);
      expect([mistakes, heard, lease.held]).to.deep.equal([['a listener’s mistake'], true, false]);
    });
  });

  describe('is released', () => {
    it('once, and answers the same however often', async () => {
      expect(await Promise.all([lease.release(), lease.release()])).to.deep.equal([true, true]);
      expect(await lease.release()).to.equal(true);
      expect(replica.session.count('release')).to.equal(1);
    });

    it('and then is not held, to whoever asks', async () => {
      const released = lease.release();
      expect([lease.held, lease.remainingMs]).to.deep.equal([false, 0]);
      expect(() => lease.assertHeld()).to.throw(LeaseLostError, 'it was released');
      expect(() => lease.assertHeld())
        .to.throw(LeaseLostError)
        .with.property('reason', 'released');
      await released;
    });

    it('without harm to the next one: a second release of the first changes nothing', async () => {
      await lease.release();
      const next = await replica.acquire('invoices');
      await lease.release();
      expect([next.held, database.ownerOf('invoices') !== undefined]).to.deep.equal([true, true]);
    });

    it('by await using', async () => {
      {
        await using scoped = await replica.acquire('other');
        expect(scoped.held).to.equal(true);
      }
      expect(database.ownerOf('other')).to.equal(undefined);
    });

    it('and answers false where it had been lost already', async () => {
      await lapse();
      expect(await lease.release()).to.equal(false);
    });

    it('and answers false where its time was over and nobody had noticed', async () => {
      clock.block('30s');
      expect(await lease.release()).to.equal(false);
      expect(replica.events.of('lost')).to.have.length(1);
    });

    it('and answers false where the row turns out to be somebody else’s', async () => {
      database.row('invoices').owner = 'somebody else';
      expect(await lease.release()).to.equal(false);
      expect(replica.events.of('lost')[0]?.reason).to.equal('taken');
      expect(database.ownerOf('invoices')).to.equal('somebody else');
    });

    it('with success where the first answer was lost and the second finds nothing to do', async () => {
      replica.session.plan('release', answerLost);
      expect(await clock.until(lease.release())).to.equal(true);
      expect([replica.session.count('release'), replica.events.of('lost').length]).to.deep.equal([2, 0]);
    });

    it('without an error where the database fails: that is an event, and it goes on in the background', async () => {
      replica.session.plan('release', failed(REFUSED), failed(REFUSED));
      expect(await lease.release()).to.equal(true);
      expect(replica.events.of('failed').map(({ step }) => step)).to.include('release');
      await clock.advance('5s');
      expect(database.ownerOf('invoices')).to.equal(undefined);
    });

    it('by asyncDispose without an error, whatever happens', async () => {
      replica.session.always('all', failed(REFUSED));
      await lease[Symbol.asyncDispose]();
      expect(lease.held).to.equal(false);
    });

    it('and tells how long it was held', async () => {
      await clock.advance('5s');
      await lease.release();
      expect(replica.events.of('released')).to.deep.equal([{ lockName: 'invoices', token: lease.fencingToken, heldMs: 5_000 }]);
    });
  });

  describe('is made to last', () => {
    it('without a statement where enough is left', async () => {
      await lease.ensure('29s');
      expect(replica.session.count('renew')).to.equal(0);
    });

    it('by one renewal where less is left', async () => {
      await clock.advance('5s');
      await lease.ensure('29s');
      expect([replica.session.count('renew'), lease.remainingMs]).to.deep.equal([1, 29_700]);
    });

    it('longer than its ttl', async () => {
      await lease.ensure('2m');
      expect(lease.remainingMs).to.equal(120_000);
      await clock.advance('1m');
      expect(lease.held).to.equal(true);
    });

    it('as long as it is told from now on, and never shorter than it would', async () => {
      await lease.extend('2m');
      expect(lease.remainingMs).to.equal(119_700);
      await lease.extend('1m');
      expect(lease.remainingMs).to.equal(119_700);
    });

    it('although it is not renewed by itself', async () => {
      await lease.release();
      const once = await replica.acquire('other', { renew: false });
      await clock.advance('20s');
      await once.extend('30s');
      await clock.advance('20s');
      expect([once.held, replica.session.count('renew')]).to.deep.equal([true, 1]);
    });

    it('and is renewed in time afterwards', async () => {
      await lease.extend('2m');
      await clock.advance('10m');
      expect(lease.held).to.equal(true);
    });

    it('not past maxHold', async () => {
      const limited = await replica.acquire('other', { maxHold: '45s' });
      await limited.extend('2m');
      expect(limited.remainingMs).to.equal(45_000);
      expect(database.row('other').expiresAt - database.nowMs).to.equal(45_300);
    });

    it('not where it is over: that is a LeaseLostError, and nothing is sent', async () => {
      await lapse();
      const sent = replica.session.sent.length;
      await failureOf(lease.extend('30s'), LeaseLostError);
      await failureOf(lease.ensure(1), LeaseLostError);
      expect(replica.session.sent.length).to.equal(sent);
    });

    it('not where it was released', async () => {
      await lease.release();
      expect((await failureOf(lease.extend('30s'), LeaseLostError)).reason).to.equal('released');
    });

    it('not where the row turns out to be revoked', async () => {
      database.revoke('invoices');
      expect((await failureOf(lease.extend('30s'), LeaseLostError)).reason).to.equal('revoked');
      expect(lease.held).to.equal(false);
    });

    it('not where the database fails: that is a LockStoreError, and the lease is still held', async () => {
      replica.session.plan('renew', failed(REFUSED));
      const error = await failureOf(lease.extend('2m'), LockStoreError);
      expect([error.step, error.lockName, lease.held]).to.deep.equal(['renew', 'invoices', true]);
    });

    it('not where the database is silent until the lease is over', async () => {
      replica.session.always('renew', silent);
      const extending = failureOf(lease.extend('2m'), LockStoreError);
      await clock.advance('35s');
      await extending;
      expect(lease.held).to.equal(false);
    });

    it('not by nonsense, and names what is wrong', async () => {
      await failureOf(lease.extend('soon'), TypeError);
      await failureOf(lease.extend(199), RangeError);
      await failureOf(lease.ensure('31d'), RangeError);
      await failureOf(lease.ensure(-1), RangeError);
    });
  });

  it('is released for all who listen, though a COMMIT without an answer leaves its row to end by itself', async () => {
    if (!isHeldLease(lease)) throw new Error('It is not the engine’s own.');
    lease.fences.open()('unknown');
    expect(await lease.release()).to.equal(true);
    expect([replica.session.count('release'), replica.events.of('released').map(({ token }) => token)]).to.deep.equal([
      0,
      [lease.fencingToken],
    ]);
  });

  it('is nobody’s any more after its loss: what the row still names is given back when the body is done', async () => {
    database.revoke('invoices');
    await clock.advance('10s');
    await lease.release();
    await clock.advance(0);
    expect(database.ownerOf('invoices')).to.equal(undefined);
  });

  it('that was taken over is not given back', async () => {
    database.row('invoices').owner = 'somebody else';
    await clock.advance('10s');
    await lease.release();
    await clock.advance('5s');
    expect([database.ownerOf('invoices'), replica.session.count('release')]).to.deep.equal(['somebody else', 0]);
  });
});
