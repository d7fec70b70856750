import { expect } from 'chai';
import type { Claim } from '../../lib/contracts/dialect.js';
import { LockStoreError, LockTimeoutError } from '../../lib/core/errors.js';
import type { Lease } from '../../lib/engine/lease.js';
import { noRetry } from '../../lib/policies/index.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { answerLost, brokenThenCarriedOutAfter, CONFLICT, failed, REFUSED, silent } from '../support/memory-session.js';
import { failureOf, rejection, watched } from '../support/outcome.js';
import { Replica } from '../support/replica.js';

describe('While the database fails', () => {
  let clock: ManualClock;
  let database: MemoryDatabase;
  let replica: Replica;

  beforeEach(() => {
    clock = new ManualClock();
    database = new MemoryDatabase(clock);
    replica = new Replica(database, clock);
  });

  describe('a lost answer', () => {
    it('to a join is asked for again: the same token, and the lease counts from the first send', async () => {
      replica.session.plan('ask', answerLost);
      const lease = await clock.until(replica.acquire('invoices', { renew: false }));
      const owners = replica.session.sent.filter(({ step }) => step === 'ask').map(({ args }) => (args[0] as Claim).owner);
      expect([owners.length, new Set(owners).size, lease.fencingToken]).to.deep.equal([2, 1, database.row('invoices').token]);
      expect(lease.remainingMs).to.equal(29_700 - clock.now().monotonicMs);
    });

    it('to a join that stands in line keeps its place', async () => {
      const held = await new Replica(database, clock).acquire('invoices');
      replica.session.plan('ask', answerLost);
      const next = watched(replica.acquire('invoices'));
      await clock.advance(100);
      expect(database.row('invoices').line).to.have.length(1);
      await held.release();
      await clock.advance(500);
      expect(next.status()).to.equal('fulfilled');
    });

    it('to a confirm is asked for again, and the lease counts from the second send', async () => {
      const held = await new Replica(database, clock).acquire('invoices');
      const waiter = new Replica(database, clock, { announced: true });
      waiter.session.plan('confirm', answerLost);
      const next = waiter.acquire('invoices', { renew: false });
      await clock.advance(10);
      await held.release();
      await clock.advance(100);
      const sent = waiter.session.last('confirm').atMs;
      expect((await next).remainingMs).to.equal(29_700 - (clock.now().monotonicMs - sent));
    });

    it('to a join that is carried out after everybody gave up is given back', async () => {
      replica.session.plan('ask', brokenThenCarriedOutAfter(1_500));
      replica.session.always('ask', failed());
      await clock.until(failureOf(replica.acquire('invoices', { wait: '1s' }), LockStoreError));
      await clock.advance('1s');
      expect(database.ownerOf('invoices')).not.to.equal(undefined);
      await clock.advance('20s');
      expect([database.ownerOf('invoices'), clock.pending]).to.deep.equal([undefined, 0]);
    });
  });

  describe('a wait', () => {
    it('goes on, and gets the lock when it is back', async () => {
      replica.session.always('all', failed());
      const next = watched(replica.acquire('invoices'));
      await clock.advance('1s');
      replica.session.heal();
      await clock.advance('2s');
      expect(next.status()).to.equal('fulfilled');
    });

    it('pauses between attempts', async () => {
      replica.session.always('all', failed());
      const waiting = failureOf(replica.acquire('invoices', { wait: '2s' }), LockStoreError);
      await clock.advance('2s');
      await waiting;
      expect(replica.session.sent.length).to.be.within(4, 12);
    });

    it('that ends then was never answered busy: the error is the database’s', async () => {
      replica.session.always('ask', failed());
      const waiting = failureOf(replica.acquire('invoices', { wait: 500 }), LockStoreError);
      await clock.advance(500);
      const error = await waiting;
      expect([error.code, error.lockName, String(error.cause)]).to.deep.equal(['LOCK_STORE', 'invoices', 'Error: try again']);
    });

    it('that ends in a black hole says that there was no answer, and that the outcome is unknown', async () => {
      replica.session.always('ask', silent);
      const waiting = failureOf(replica.acquire('invoices', { wait: '1s' }), LockStoreError);
      await clock.advance('1s');
      expect((await waiting).outcomeUnknown).to.equal(true);
      expect(String((await waiting).cause)).to.contain('no answer within the wait');
    });

    it('that ends in a black hole after an error fails with that error', async () => {
      replica.session.plan('ask', failed(), silent);
      const waiting = failureOf(replica.acquire('invoices', { wait: '1s' }), LockStoreError);
      await clock.advance('1s');
      expect(String((await waiting).cause)).to.equal('Error: try again');
    });

    it('that meets nothing but others who are faster at the row ends when its time is over, as one behind a lock that is held', async () => {
      replica.session.always('ask', failed(CONFLICT));
      const waiting = failureOf(replica.acquire('invoices', { wait: 500 }), LockTimeoutError);
      await clock.advance(500);
      expect((await waiting).waitedMs).to.equal(500);
    });

    it('that ends after an error and then a conflict is a time-out: the database is well', async () => {
      replica.session.plan('ask', failed());
      replica.session.always('ask', failed(CONFLICT));
      const waiting = failureOf(replica.acquire('invoices', { wait: 500 }), LockTimeoutError);
      await clock.advance(500);
      await waiting;
    });

    it('that ends after a look lost a race is a time-out', async () => {
      await new Replica(database, clock).acquire('invoices');
      const waiting = failureOf(replica.acquire('invoices', { wait: '2s' }), LockTimeoutError);
      await clock.advance('1s');
      replica.session.always('look', failed(CONFLICT));
      await clock.advance('1s');
      await waiting;
    });

    it('that is over when a lost race is heard of, before its timer ran, is a time-out too', async () => {
      replica.session.always('ask', (...args) => {
        clock.block(500);
        return failed(CONFLICT)(...args);
      });
      await failureOf(replica.acquire('invoices', { wait: 500 }), LockTimeoutError);
    });

    it('ends with a conflict before its time where the retry policy says so', async () => {
      replica = new Replica(database, clock, { retry: noRetry() });
      replica.session.plan('ask', failed(CONFLICT));
      const error = await failureOf(replica.acquire('invoices', { wait: 500 }), LockStoreError);
      expect([error.step, error.outcomeUnknown, clock.now().monotonicMs]).to.deep.equal(['ask', false, 0]);
    });

    it('that ends while a place in line is held fails with the last look’s error, though the lock was busy before', async () => {
      await new Replica(database, clock).acquire('invoices');
      const waiting = failureOf(replica.acquire('invoices', { wait: '2s' }), LockStoreError);
      await clock.advance('1s');
      replica.session.always('look', failed());
      await clock.advance('1s');
      expect(String((await waiting).cause)).to.equal('Error: try again');
    });

    it('that ends after the database came back is a time-out again', async () => {
      await new Replica(database, clock).acquire('invoices');
      const waiting = failureOf(replica.acquire('invoices', { wait: '4s' }), LockTimeoutError);
      await clock.advance('1s');
      replica.session.plan('look', failed());
      await clock.advance('3s');
      await waiting;
      replica.session.plan('ask', failed());
      const another = failureOf(replica.acquire('invoices', { wait: '4s' }), LockTimeoutError);
      await clock.advance('4s');
      await another;
    });

    it('ends at once where it fails for good, for all callers alike', async () => {
      replica.session.plan('ask', failed(REFUSED));
      const [one, other] = await Promise.all([rejection(replica.acquire('invoices')), rejection(replica.acquire('invoices'))]);
      expect(one).to.be.instanceOf(LockStoreError).and.equal(other);
      expect((await replica.acquire('invoices')).held).to.equal(true);
    });

    it('gives its place in line back where looks fail for good', async () => {
      await new Replica(database, clock).acquire('invoices');
      const waiting = failureOf(replica.acquire('invoices'), LockStoreError);
      await clock.advance(100);
      replica.session.plan('look', failed(REFUSED));
      await clock.advance('1s');
      expect((await waiting).step).to.equal('look');
      expect(database.row('invoices').line).to.deep.equal([]);
    });
  });

  it('nobody skips: that is for locks that are busy', async () => {
    replica.session.always('ask', failed(REFUSED));
    for (const onBusy of ['skip', 'fail'] as const)
      await failureOf(
        replica.run('invoices', () => 'ran', { onBusy }),
        LockStoreError,
      );
    expect(replica.events.names).to.deep.equal([]);
  });

  it('the first use fails where the table cannot be found out about, and works when it can', async () => {
    replica.session.plan('columns', failed(REFUSED));
    expect((await failureOf(replica.acquire('invoices'), LockStoreError)).step).to.equal('columns');
    expect((await replica.acquire('invoices')).held).to.equal(true);
  });

  it('a table that was dropped is made again, and only its own leases are lost', async () => {
    const lease: Lease = await replica.acquire('invoices');
    database.rows.clear();
    database.hasTable = false;
    expect((await replica.acquire('other')).held).to.equal(true);
    await clock.advance('10s');
    expect(lease.held).to.equal(false);
  });
});
