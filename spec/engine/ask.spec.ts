import { expect } from 'chai';
import type { Claim } from '../../lib/contracts/dialect.js';
import { LockStoreError } from '../../lib/core/errors.js';
import { noRetry } from '../../lib/policies/no-retry.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import {
  answerLost,
  brokenThenCarriedOutAfter,
  carriedOutAfter,
  CONFLICT,
  failed,
  REFUSED,
  silent,
  type Fate,
} from '../support/memory-session.js';
import { failureOf } from '../support/outcome.js';
import { Replica } from '../support/replica.js';

describe('Asking once', () => {
  let clock: ManualClock;
  let database: MemoryDatabase;
  let replica: Replica;

  beforeEach(() => {
    clock = new ManualClock();
    database = new MemoryDatabase(clock);
    replica = new Replica(database, clock);
  });

  const owners = () => replica.session.sent.filter(({ step }) => step === 'ask').map(({ args }) => (args[0] as Claim).owner);

  it('takes a free lock with one statement', async () => {
    const lease = await replica.tryAcquire('invoices');
    expect([lease?.held, replica.session.steps]).to.deep.equal([true, ['ask']]);
  });

  it('is answered undefined while somebody else holds it, and joins no line', async () => {
    await new Replica(database, clock).acquire('invoices');
    expect(await replica.tryAcquire('invoices')).to.equal(undefined);
    expect([replica.session.steps, database.row('invoices').line, replica.events.names]).to.deep.equal([['ask'], [], ['busy']]);
  });

  it('passes on who asks: name, holder, label, ttl and claim', async () => {
    await new Replica(database, clock, { holder: 'host 7' }).tryAcquire('invoices', { ttl: '1m', label: 'nightly' });
    expect(database.row('invoices')).to.include({ holder: 'host 7', label: 'nightly', expiresAt: database.nowMs + 60_000 });
  });

  describe('whose answer was lost', () => {
    it('finds its own grant when it asks again: the same token, and the lease counts from its first send', async () => {
      replica.session.plan('ask', async (run) => (await clock.sleep(100), answerLost(run, clock)));
      const lease = await clock.until(replica.tryAcquire('invoices', { renew: false }));
      expect(new Set(owners()).size).to.equal(1);
      expect([lease?.fencingToken, replica.session.count('ask')]).to.deep.equal([database.row('invoices').token, 2]);
      expect(lease?.remainingMs).to.equal(29_700 - clock.now().monotonicMs);
    });

    it('and which is not asked again, is a LockStoreError whose outcome is unknown, and is given back', async () => {
      replica = new Replica(database, clock, { retry: noRetry() });
      replica.session.plan('ask', answerLost);
      const error = await failureOf(replica.tryAcquire('invoices'), LockStoreError);
      expect(error).to.include({ step: 'ask', lockName: 'invoices', outcomeUnknown: true });
      expect(String(error.cause)).to.contain('connection reset');
      await clock.advance(10);
      expect(database.ownerOf('invoices')).to.equal(undefined);
    });

    it('is given back for as long as it takes the database to answer', async () => {
      replica = new Replica(database, clock, { retry: noRetry() });
      replica.session.plan('ask', answerLost);
      replica.session.plan('leave', failed(), failed(), failed());
      await failureOf(replica.tryAcquire('invoices', { ttl: '10m' }), LockStoreError);
      await clock.advance('2s');
      expect(database.ownerOf('invoices')).not.to.equal(undefined);
      await clock.advance('2s');
      expect(database.ownerOf('invoices')).to.equal(undefined);
    });

    it('and which the server carries out later, is given back then too', async () => {
      replica = new Replica(database, clock, { retry: noRetry() });
      replica.session.plan('ask', brokenThenCarriedOutAfter(2_000));
      await failureOf(replica.tryAcquire('invoices', { ttl: '10m' }), LockStoreError);
      await clock.advance('3s');
      expect(database.ownerOf('invoices')).not.to.equal(undefined);
      await clock.advance('10s');
      expect(database.ownerOf('invoices')).to.equal(undefined);
      expect(clock.pending).to.equal(0);
    });

    it('does nothing where the server carries it out after it was given up', async () => {
      replica.session.plan('ask', carriedOutAfter(6_000));
      const error = failureOf(replica.tryAcquire('invoices'), LockStoreError);
      await clock.advance('5s');
      await error;
      await clock.advance('2s');
      expect(database.ownerOf('invoices')).to.equal(undefined);
    });

    it('and which finds the lock busy when it asks again, may still have stood for a grant: it is given back', async () => {
      replica.session.plan('ask', brokenThenCarriedOutAfter(1_000));
      await new Replica(database, clock).acquire('invoices', { ttl: 500, renew: false });
      expect(await clock.until(replica.tryAcquire('invoices', { ttl: '10m' }))).to.equal(undefined);
      await clock.advance('2s');
      expect(database.ownerOf('invoices')).not.to.equal(undefined);
      await clock.advance('20s');
      expect(database.ownerOf('invoices')).to.equal(undefined);
    });
  });

  describe('whose statement ran too late because the clocks’ offset had changed', () => {
    beforeEach(async () => {
      await (await replica.tryAcquire('other'))?.release();
      await clock.advance('1s');
      database.jump(3_600_000);
    });

    it('asks again under a fresh name, knowing the new offset', async () => {
      const lease = await replica.tryAcquire('invoices');
      expect([lease?.held, new Set(owners().slice(1)).size]).to.deep.equal([true, 2]);
    });

    it('gives up where it happens again', async () => {
      const jumping: Fate = (run) => (database.jump(3_600_000), Promise.resolve(run()));
      replica.session.plan('ask', jumping, jumping);
      expect(await replica.tryAcquire('invoices')).to.equal(undefined);
      expect([owners().length, database.ownerOf('invoices')]).to.deep.equal([3, undefined]);
    });

    it('is found out at most once a second: who asks more often is answered busy', async () => {
      await replica.tryAcquire('invoices');
      const sent = replica.session.sent.length;
      database.jump(3_600_000);
      expect(await replica.tryAcquire('receipts')).to.equal(undefined);
      expect(replica.session.sent.length - sent).to.equal(1);
      await clock.advance('1s');
      expect((await replica.tryAcquire('receipts'))?.held).to.equal(true);
    });

    it('does not keep who waits from getting the lock', async () => {
      expect((await clock.until(replica.acquire('invoices'))).held).to.equal(true);
    });
  });

  it('gives back a grant that arrives with too little of its lease left', async () => {
    replica.session.plan('ask', async (run) => {
      const rows = run();
      clock.block(600); // the process was busy with something else
      return rows;
    });
    expect(await replica.tryAcquire('invoices', { ttl: '1s' })).to.equal(undefined);
    expect(database.ownerOf('invoices')).to.equal(undefined);
  });

  it('takes no longer than a quarter of the ttl, and 5 s at most', async () => {
    replica.session.always('ask', silent);
    const error = failureOf(replica.tryAcquire('invoices', { ttl: '2s' }), LockStoreError);
    await clock.advance(500);
    expect((await error).outcomeUnknown).to.equal(true);
    expect(replica.session.last('ask').timeoutMs).to.equal(500);
  });

  it('is answered undefined where it meets nothing but others who are faster at the row: that is no failure of the database', async () => {
    replica.session.always('ask', failed(CONFLICT));
    expect(await clock.until(replica.tryAcquire('invoices'))).to.equal(undefined);
    expect(replica.session.count('ask')).to.be.greaterThan(1);
    replica.session.always('ask', failed());
    await clock.until(failureOf(replica.tryAcquire('invoices'), LockStoreError));
  });

  it('fails where the database did after such a race, and gives back what an answer before it may have granted', async () => {
    replica.session.plan('ask', failed(CONFLICT));
    replica.session.always('ask', failed());
    await clock.until(failureOf(replica.tryAcquire('invoices'), LockStoreError));
    replica = new Replica(database, clock);
    replica.session.plan('ask', answerLost);
    replica.session.always('ask', failed(CONFLICT));
    expect(await clock.until(replica.tryAcquire('letters'))).to.equal(undefined);
    await clock.advance('1s');
    expect(database.ownerOf('letters')).to.equal(undefined);
  });

  it('never calls a database that fails busy', async () => {
    replica.session.always('ask', failed(REFUSED));
    const error = await failureOf(replica.tryAcquire('invoices'), LockStoreError);
    expect([error.outcomeUnknown, String(error.cause), replica.session.count('release')]).to.deep.equal([false, 'Error: refused', 0]);
  });
});
