import { expect } from 'chai';
import type { Renewal } from '../../lib/contracts/dialect.js';
import { LeaseLostError } from '../../lib/core/errors.js';
import type { Lease } from '../../lib/engine/lease.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { answeredAfter, answerLost, failed, silent } from '../support/memory-session.js';
import { Replica } from '../support/replica.js';

describe('Keeper', () => {
  let clock: ManualClock;
  let database: MemoryDatabase;
  let replica: Replica;

  beforeEach(() => {
    clock = new ManualClock();
    database = new MemoryDatabase(clock);
    replica = new Replica(database, clock);
  });

  const lossOf = (lease: Lease) => (lease.signal.reason as LeaseLostError | undefined)?.reason;
  const renewalTimes = () => replica.session.sent.filter(({ step }) => step === 'renew').map(({ atMs }) => atMs);
  const renewed = () => (replica.session.last('renew').args[0] as Renewal[]).map(({ key }) => key);

  describe('renews', () => {
    it('at a third of the ttl, for as long as the lease is held', async () => {
      const lease = await replica.acquire('invoices');
      await clock.advance('60s');
      expect(renewalTimes()).to.deep.equal([10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
      expect([lease.held, lease.signal.aborted, lease.remainingMs]).to.deep.equal([true, false, 29_700]);
      expect(replica.events.of('renewed')).to.have.length(6);
    });

    it('all that are due soon in one statement', async () => {
      await replica.acquire('a');
      await clock.advance('1s');
      await replica.acquire('b');
      await clock.advance('1500ms');
      await replica.acquire('c');
      await clock.advance('1s');
      await replica.acquire('d');
      await clock.advance('6500ms');
      expect(renewalTimes()).to.deep.equal([10_000]);
      expect(renewed()).to.deep.equal(['a', 'b', 'c']);
    });

    it('with one timer, however many are held', async () => {
      await Promise.all(Array.from({ length: 100 }, (_, at) => replica.acquire(`job ${at}`)));
      expect(clock.pending).to.equal(1);
      await clock.advance('10s');
      expect([clock.pending, renewalTimes().length, renewed().length]).to.deep.equal([1, 1, 100]);
    });

    it('a lease of 30 days at its tenth', async () => {
      const lease = await replica.acquire('invoices', { ttl: '30d' });
      await clock.advance('10d');
      expect(renewalTimes()).to.deep.equal([10 * 86_400_000]);
      expect(lease.held).to.equal(true);
    });

    it('and tells the row which token was used', async () => {
      const lease = await replica.acquire('invoices');
      await clock.advance('10s');
      expect(replica.session.last('renew').args).to.deep.equal([
        [{ key: 'invoices', owner: database.ownerOf('invoices'), ttlMs: 30_000, token: lease.fencingToken }],
      ]);
    });

    it('on nobody’s account once it was told not to', async () => {
      const lease = await replica.acquire('invoices', { renew: false });
      await clock.advance(29_699);
      expect([lease.held, renewalTimes().length]).to.deep.equal([true, 0]);
      await clock.advance(1);
      expect([lease.held, lossOf(lease)]).to.deep.equal([false, 'expired']);
    });
  });

  describe('stops for good', () => {
    it('when the lease is released', async () => {
      const lease = await replica.acquire('invoices');
      await clock.advance('15s');
      await lease.release();
      expect(clock.pending).to.equal(0);
      await clock.advance('1h');
      expect(renewalTimes()).to.deep.equal([10_000]);
    });

    it('when the lease is released under a renewal', async () => {
      const lease = await replica.acquire('invoices');
      replica.session.plan('renew', answeredAfter(2_000));
      await clock.advance('11s');
      await lease.release();
      await clock.advance('1h');
      expect(renewalTimes()).to.deep.equal([10_000]);
      expect([database.ownerOf('invoices'), clock.pending, replica.events.of('lost').length]).to.deep.equal([undefined, 0, 0]);
    });

    it('for one lease, while others go on', async () => {
      const [one] = [await replica.acquire('a'), await replica.acquire('b')];
      await one.release();
      await clock.advance('10s');
      expect(renewed()).to.deep.equal(['b']);
    });
  });

  describe('does not lose a lease by one failed renewal', () => {
    it('but tries again soon, and says that it is overdue', async () => {
      const lease = await replica.acquire('invoices');
      replica.session.plan('renew', failed(), failed());
      await clock.advance('20s');
      expect(renewalTimes()).to.deep.equal([10_000, 11_000, 12_000]);
      expect(replica.events.of('overdue').map(({ remainingMs }) => remainingMs)).to.deep.equal([19_700, 18_700]);
      expect([lease.held, lossOf(lease)]).to.deep.equal([true, undefined]);
    });

    it('whose answer was lost, although it was carried out', async () => {
      const lease = await replica.acquire('invoices');
      replica.session.plan('renew', answerLost);
      await clock.advance('11s');
      expect([renewalTimes(), lease.remainingMs]).to.deep.equal([[10_000, 11_000], 29_700]);
    });

    it('which is given up when its own time is over, because a black hole never answers', async () => {
      const lease = await replica.acquire('invoices');
      replica.session.plan('renew', silent);
      await clock.advance('16s');
      expect([renewalTimes(), lease.remainingMs]).to.deep.equal([[10_000, 16_000], 29_700]);
    });

    it('nor does a slow renewal hold up those of other leases', async () => {
      await replica.acquire('a');
      await clock.advance('4s');
      const lease = await replica.acquire('b');
      replica.session.plan('renew', silent);
      await clock.advance('10s');
      expect(renewalTimes()).to.deep.equal([10_000, 14_000]);
      expect([renewed(), lease.remainingMs]).to.deep.equal([['b'], 29_700]);
    });
  });

  describe('ends a lease', () => {
    it('at its deadline where renewals fail until then, whatever is still under way', async () => {
      const lease = await replica.acquire('invoices');
      const { signal } = lease;
      replica.session.always('renew', silent);
      await clock.advance(29_699);
      expect([lease.held, signal.aborted]).to.deep.equal([true, false]);
      await clock.advance(1);
      expect([lease.held, lossOf(lease), replica.session.count('renew')]).to.deep.equal([false, 'unreachable', 4]);
      await clock.advance('1h');
      expect(replica.session.count('renew')).to.equal(4);
    });

    it('before the database would: its deadline counts from before the ask was sent, less the margin', async () => {
      replica.session.plan('ask', answeredAfter(400));
      const lease = await clock.until(replica.tryAcquire('invoices', { renew: false }));
      expect(lease?.remainingMs).to.equal(29_300);
      replica.session.plan('ask', answeredAfter(400));
      const other = await clock.until(replica.acquire('other', { renew: false }));
      expect(other.remainingMs).to.equal(29_300);
    });

    it('that another owner has, as soon as a renewal tells', async () => {
      const lease = await replica.acquire('invoices');
      database.row('invoices').owner = 'somebody else';
      await clock.advance('10s');
      expect([lease.held, lossOf(lease), replica.events.of('lost')[0]?.reason]).to.deep.equal([false, 'taken', 'taken']);
    });

    it('whose row is gone', async () => {
      const lease = await replica.acquire('invoices');
      database.rows.delete('invoices');
      await clock.advance('10s');
      expect([lossOf(lease), database.rows.size]).to.deep.equal(['deleted', 0]);
    });

    it('that an operator revoked', async () => {
      const lease = await replica.acquire('invoices');
      database.revoke('invoices');
      await clock.advance('10s');
      expect(lossOf(lease)).to.equal('revoked');
    });

    it('and leaves the others that went with the same statement alone', async () => {
      const [one, other] = [await replica.acquire('a'), await replica.acquire('b')];
      database.rows.delete('a');
      await clock.advance('10s');
      expect([one.held, other.held, other.remainingMs]).to.deep.equal([false, true, 29_700]);
    });

    it('once: nothing renews or revives it afterwards', async () => {
      const lease = await replica.acquire('invoices');
      database.revoke('invoices');
      await clock.advance('10s');
      database.row('invoices').revoked = false;
      await clock.advance('20s');
      expect([renewalTimes(), replica.events.of('lost').length]).to.deep.equal([[10_000], 1]);
      expect(await lease.release()).to.equal(false);
    });
  });

  describe('keeps to maxHold', () => {
    it('and never extends the lease past it', async () => {
      const startedMs = database.nowMs;
      const lease = await replica.acquire('invoices', { maxHold: '45s' });
      await clock.advance(44_999);
      expect([lease.held, renewalTimes()]).to.deep.equal([true, [10_000, 20_000]]);
      expect(database.row('invoices').expiresAt - startedMs).to.equal(45_300);
      await clock.advance(1);
      expect([lease.held, lossOf(lease)]).to.deep.equal([false, 'expired']);
    });

    it('that is no longer than the ttl', async () => {
      const lease = await replica.acquire('invoices', { ttl: '10s', maxHold: '10s' });
      await clock.advance(9_999);
      expect(lease.held).to.equal(true);
      await clock.advance(1);
      expect([lease.held, lossOf(lease)]).to.deep.equal([false, 'expired']);
    });
  });

  describe('warns', () => {
    it('once, when a third of the ttl is left and no renewal got through', async () => {
      const lease = await replica.acquire('invoices');
      replica.session.always('renew', failed());
      await clock.advance(19_699);
      expect(replica.events.of('expiring')).to.deep.equal([]);
      await clock.advance('9s');
      expect(replica.events.of('expiring')).to.deep.equal([
        { lockName: 'invoices', token: lease.fencingToken, heldMs: 19_700, remainingMs: 10_000 },
      ]);
    });

    it('as early as it was told', async () => {
      replica = new Replica(database, clock, { warnBefore: '15s' });
      await replica.acquire('invoices', { renew: false });
      await clock.advance('29s');
      expect(replica.events.of('expiring').map(({ heldMs }) => heldMs)).to.deep.equal([14_700]);
    });

    it('again after a renewal got through', async () => {
      await replica.acquire('invoices');
      replica.session.always('renew', failed());
      await clock.advance('20s');
      replica.session.heal();
      await clock.advance('1s');
      replica.session.always('renew', failed());
      await clock.advance('20s');
      expect(replica.events.of('expiring')).to.have.length(2);
    });

    it('nobody while renewals work', async () => {
      await replica.acquire('invoices');
      await clock.advance('10m');
      expect(replica.events.of('expiring')).to.deep.equal([]);
    });
  });

  describe('in a process that was away', () => {
    it('knows that the lease is over before any timer ran', async () => {
      const lease = await replica.acquire('invoices');
      clock.block('31s');
      expect([lease.held, lease.remainingMs]).to.deep.equal([false, 0]);
      expect(() => lease.assertHeld()).to.throw(LeaseLostError, 'could not be renewed in time');
    });

    it('aborts the signal of whoever asks for it before any timer ran', async () => {
      const lease = await replica.acquire('invoices');
      clock.block('31s');
      expect([lease.signal.aborted, lossOf(lease)]).to.deep.equal([true, 'unreachable']);
    });

    it('ends the lease before it trusts the answer to a renewal that was under way', async () => {
      const lease = await replica.acquire('invoices');
      const { signal } = lease;
      let answer = (): void => undefined;
      replica.session.plan('renew', async (run) => (await new Promise<void>((resolve) => (answer = resolve)), run()));
      await clock.advance('10s');
      clock.block('25s');
      answer();
      await clock.advance(0);
      expect([lease.held, signal.aborted]).to.deep.equal([false, true]);
    });

    it('sends no renewal for a lease that is over', async () => {
      await replica.acquire('invoices');
      clock.block('31s');
      await clock.advance('1s');
      expect(replica.session.count('renew')).to.equal(0);
    });

    it('knows it when only the wall clock went on, as on a machine that was suspended', async () => {
      const lease = await replica.acquire('invoices');
      clock.jump(31_000);
      expect(lease.held).to.equal(false);
      await clock.advance('10s');
      expect(lossOf(lease)).to.equal('unreachable');
    });

    it('gains nothing by a wall clock that is set back', async () => {
      const lease = await replica.acquire('invoices', { renew: false });
      clock.jump(-3_600_000);
      expect(lease.remainingMs).to.equal(29_700);
      await clock.advance(29_700);
      expect(lease.held).to.equal(false);
    });
  });

  it('takes no notice of a database clock that jumps: the holder’s deadline is its own', async () => {
    const lease = await replica.acquire('invoices');
    database.jump(-3_600_000);
    await clock.advance('10s');
    expect(lease.remainingMs).to.equal(29_700);
    database.jump(7_200_000);
    await clock.advance('10s');
    expect(lease.remainingMs).to.equal(29_700);
  });
});
