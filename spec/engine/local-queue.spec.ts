import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import type { Grant, Release, Renewal } from '../../lib/contracts/dialect.js';
import type { LeaseLostError } from '../../lib/core/errors.js';
import { LockBusyError, LockTimeoutError } from '../../lib/core/errors.js';
import type { Lease } from '../../lib/engine/lease.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { answeredAfter, failed, REFUSED, silent } from '../support/memory-session.js';
import { failureOf, rejection, watched } from '../support/outcome.js';
import { Replica } from '../support/replica.js';

describe('Callers of one process', () => {
  let clock: ManualClock;
  let database: MemoryDatabase;
  let replica: Replica;
  let first: Lease;

  beforeEach(async () => {
    clock = new ManualClock();
    database = new MemoryDatabase(clock);
    replica = new Replica(database, clock);
    first = await replica.acquire('invoices');
    await clock.advance(1);
  });

  /** The lock, as soon as it is handed over. */
  const handedOver = async (next: Promise<Lease>): Promise<Lease> => {
    await clock.advance(1);
    return next;
  };

  it('leave no listener on the signal of their wait, however that ended', async () => {
    const stop = new AbortController();
    const { signal } = stop;
    const granted = replica.acquire('invoices', { signal });
    const tooLate = rejection(replica.acquire('invoices', { signal, wait: '1s' }));
    const next = replica.acquire('invoices', { signal, wait: '1m' });
    const given = rejection(next);
    expect(getEventListeners(signal, 'abort')).to.have.length(3);
    await first.release();
    await clock.advance('2s');
    await Promise.all([granted, tooLate]);
    expect(getEventListeners(signal, 'abort')).to.have.length(1);
    stop.abort(new Error('enough'));
    expect(await given).to.equal(signal.reason);
    expect(getEventListeners(signal, 'abort')).to.have.length(0);
  });

  describe('hand the lock over', () => {
    it('in the order in which they came, without a statement', async () => {
      const order: number[] = [];
      const visits = [1, 2, 3, 4].map((at) => replica.run('invoices', () => (order.push(at), clock.sleep(1))));
      const statements = replica.session.sent.length;
      await first.release();
      await clock.advance(10);
      await Promise.all(visits);
      expect(order).to.deep.equal([1, 2, 3, 4]);
      expect(replica.session.sent.slice(statements).map(({ step }) => step)).to.deep.equal(['release']);
    });

    it('with tokens that rise, and that are never ahead of what the row reserved nor of its clock', async () => {
      const tokens = [first.fencingToken];
      let last = first;
      for (let at = 0; at < 20; at++) {
        const next = replica.acquire('invoices');
        await last.release();
        last = await handedOver(next);
        tokens.push(last.fencingToken);
        expect(last.fencingToken).to.be.at.most(Math.min(database.row('invoices').tokenTop, database.nowMs * 1_000));
      }
      expect(tokens).to.deep.equal([...new Set(tokens)].sort((one, other) => one - other));
    });

    it('and tell the row in the end which token was the last', async () => {
      const next = replica.acquire('invoices');
      await first.release();
      const second = await handedOver(next);
      await second.release();
      expect((replica.session.last('release').args[0] as Release).usedToken).to.equal(second.fencingToken);
      expect(database.row('invoices').token).to.equal(second.fencingToken);
    });

    it('at once to nobody else: a release is over before the next one has it', async () => {
      const next = replica.acquire('invoices');
      expect(await first.release()).to.equal(true);
      expect([first.held, (await handedOver(next)).held]).to.deep.equal([false, true]);
    });

    it('by one statement where too little of the lease is left', async () => {
      await clock.advance(8_999);
      const next = replica.acquire('invoices', { renew: false });
      await first.release();
      const second = await handedOver(next);
      expect([replica.session.count('renew'), replica.session.count('release'), second.remainingMs]).to.deep.equal([1, 0, 29_699]);
    });

    it('by one statement where the next one wants much more', async () => {
      const next = replica.acquire('invoices', { ttl: '2m' });
      await first.release();
      const second = await handedOver(next);
      const [renewal] = replica.session.last('renew').args[0] as Renewal[];
      expect([renewal?.ttlMs, second.remainingMs, replica.session.count('release')]).to.deep.equal([120_000, 118_799, 0]);
      await clock.advance('5m');
      expect(second.held).to.equal(true);
    });

    it('without one where half of the ttl is left and renewals go on', async () => {
      await clock.advance(8_999);
      const next = replica.acquire('invoices');
      await first.release();
      const second = await handedOver(next);
      expect([replica.session.count('renew'), second.remainingMs]).to.deep.equal([0, 20_699]);
      await clock.advance('1m');
      expect(second.held).to.equal(true);
    });

    it('each on its own terms: renewals are for the ttl of whoever has it now', async () => {
      const next = replica.acquire('invoices', { ttl: '50s' });
      await first.release();
      const second = await handedOver(next);
      await clock.advance(9_998);
      expect([replica.session.count('renew'), second.remainingMs]).to.deep.equal([1, 49_500]);
    });

    it('over the database where much more is left than the next one wants: its lease must not outlast it', async () => {
      const next = replica.acquire('invoices', { ttl: '5s' });
      await first.release();
      const second = await handedOver(next);
      expect([replica.session.count('release'), second.remainingMs]).to.deep.equal([1, 4_949]);
      expect(database.row('invoices').expiresAt - database.nowMs).to.be.at.most(5_000);
    });

    it('by one statement where the reserved tokens ran out', async () => {
      await first.release();
      replica.session.plan('ask', async (run) => {
        const [row] = run();
        const { grant } = row?.['answer'] as { grant: Grant };
        return [{ answer: { kind: 'granted', grant: { ...grant, tokenTop: grant.token } } }];
      });
      const only = await replica.acquire('invoices');
      await clock.advance(1);
      const next = replica.acquire('invoices');
      await only.release();
      const second = await handedOver(next);
      expect([replica.session.count('renew'), second.fencingToken]).to.deep.equal([1, only.fencingToken + 1]);
    });

    it('not where the holder’s lease is over: then they ask the database', async () => {
      const next = replica.acquire('invoices');
      clock.block('30s');
      expect(await first.release()).to.equal(false);
      const second = await clock.until(next);
      expect(second.fencingToken).to.be.above(first.fencingToken + 1);
      expect(replica.session.count('ask')).to.be.above(1);
    });

    it('and keep it renewed while it changes hands', async () => {
      const next = replica.acquire('invoices', { ttl: '2m' });
      replica.session.plan('renew', answeredAfter(4_000));
      await first.release();
      const second = await clock.until(next);
      await clock.advance('1m');
      expect(second.held).to.equal(true);
    });

    it('not where the statement for it fails: they ask the database again, and nobody else is disturbed', async () => {
      replica.session.always('renew', failed(REFUSED));
      const next = replica.acquire('invoices', { ttl: '2m' });
      await first.release();
      await clock.advance('1s');
      expect([(await next).held, replica.events.of('lost').length]).to.deep.equal([true, 0]);
      expect(replica.events.of('failed').map(({ step }) => step)).to.include('renew');
    });

    it('not where that statement shows that it was revoked: it is given back, and they ask again', async () => {
      const next = watched(replica.acquire('invoices', { ttl: '2m' }));
      database.revoke('invoices');
      await first.release();
      await clock.advance('1s');
      expect(next.status()).to.equal('fulfilled');
    });

    it('not where that statement shows that the row was taken away', async () => {
      const next = replica.acquire('invoices', { ttl: '2m' });
      database.rows.delete('invoices');
      await first.release();
      expect((await clock.until(next)).held).to.equal(true);
      expect(database.ownerOf('invoices')).not.to.equal(undefined);
    });
  });

  describe('stand at the database once', () => {
    it('whatever their number', async () => {
      const other = new Replica(database, clock, { announced: true });
      const waiting = Array.from({ length: 50 }, () => other.acquire('invoices'));
      await clock.advance('2s');
      expect([other.session.count('join'), database.row('invoices').line.length]).to.deep.equal([1, 1]);
      await first.release();
      await clock.advance(1);
      const [second] = await Promise.all(waiting.slice(0, 1));
      expect([second?.held, other.session.steps]).to.deep.equal([true, ['ask', 'join', 'confirm']]);
      for (const rest of waiting) void rest.catch(() => undefined);
      await clock.until(other.engine.close(0));
    });
  });

  describe('leave', () => {
    it('when their signal aborts, from the middle, and the others keep their order', async () => {
      const controller = new AbortController();
      const reason = new Error('the request was cancelled');
      const [second, third, fourth] = [
        replica.acquire('invoices'),
        rejection(replica.acquire('invoices', { signal: controller.signal })),
        replica.acquire('invoices'),
      ];
      controller.abort(reason);
      expect(await third).to.equal(reason);
      await first.release();
      await (await handedOver(second)).release();
      expect((await handedOver(fourth)).held).to.equal(true);
    });

    it('when their wait is over, and are told who holds the lock', async () => {
      await first.release();
      await replica.acquire('invoices', { label: 'nightly' });
      const waiting = failureOf(replica.acquire('invoices', { wait: '2s' }), LockTimeoutError);
      await clock.advance('2s');
      const { waitedMs, occupant } = await waiting;
      expect([waitedMs, occupant.holder, occupant.label]).to.deep.equal([2_000, 'replica', 'nightly']);
    });

    it('without a trace: the lock is let go where nobody is left to get it', async () => {
      const controller = new AbortController();
      const waiting = rejection(replica.acquire('invoices', { ttl: '2m', signal: controller.signal }));
      replica.session.plan('renew', answeredAfter(50));
      await first.release();
      controller.abort();
      await waiting;
      await clock.advance(50);
      expect([database.ownerOf('invoices'), clock.pending]).to.deep.equal([undefined, 0]);
    });
  });

  describe('are not more than maxWaiting', () => {
    it('and one more is refused at once', async () => {
      replica = new Replica(database, clock, { maxWaiting: 2 });
      const waiting = [1, 2].map(() => watched(replica.acquire('invoices').catch(() => undefined)));
      const error = await failureOf(replica.acquire('invoices'), LockBusyError);
      expect(error.message).to.contain('has 2 callers in line here');
      expect(waiting.map(({ status }) => status())).to.deep.equal(['pending', 'pending']);
      await replica.engine.close(0);
    });
  });

  describe('keep to minHold', () => {
    beforeEach(() => first.release());

    it('among themselves too: the lock rests', async () => {
      const holding = await replica.acquire('invoices', { minHold: '10s' });
      const next = watched(replica.acquire('invoices'));
      await clock.advance('4s');
      expect(await holding.release()).to.equal(true);
      await clock.advance(5_999);
      expect(next.status()).to.equal('pending');
      await clock.advance(100);
      expect(next.status()).to.equal('fulfilled');
    });

    it('towards others, and the row tells since when it rests', async () => {
      const holding = await replica.acquire('invoices', { minHold: '10s' });
      const { acquiredAt } = database.row('invoices');
      await clock.advance('4s');
      await holding.release();
      const { owner, expiresAt, releasedAt } = database.row('invoices');
      expect([owner, expiresAt, releasedAt]).to.deep.equal([undefined, acquiredAt + 10_000, acquiredAt + 4_000]);
      expect(await new Replica(database, clock).tryAcquire('invoices')).to.equal(undefined);
    });

    it('without a rest where it is over already', async () => {
      const holding = await replica.acquire('invoices', { minHold: '10s' });
      await clock.advance('15s');
      await holding.release();
      expect((await replica.tryAcquire('invoices'))?.held).to.equal(true);
    });

    it('also where the release fails: the lock is left to its lease, which is not shorter', async () => {
      const holding = await replica.acquire('invoices', { minHold: '10s' });
      replica.session.plan('release', failed(REFUSED), failed(REFUSED));
      await holding.release();
      await clock.advance('9s');
      expect(await new Replica(database, clock).tryAcquire('invoices')).to.equal(undefined);
      await clock.advance('25s');
      expect((await new Replica(database, clock).tryAcquire('invoices'))?.held).to.equal(true);
    });

    it('counted from each one’s own start', async () => {
      const holding = await replica.acquire('invoices');
      await clock.advance('8s');
      const next = replica.acquire('invoices', { minHold: '10s' });
      await holding.release();
      const second = await handedOver(next);
      await second.release();
      expect(database.row('invoices').expiresAt).to.equal(second.acquiredAt.getTime() + 10_000);
    });
  });

  describe('are fair to other processes', () => {
    /** So many callers who hold the lock for 5 ms each; answers how many are done. */
    const crowd = (size: number) => {
      const progress = { done: 0 };
      for (let at = 0; at < size; at++) void replica.run('invoices', () => clock.sleep(5).then(() => progress.done++));
      return progress;
    };

    it('and let go after 20 ms when one of them waits', async () => {
      const progress = crowd(50);
      const other = new Replica(database, clock, { announced: true });
      let seen = 0;
      const visit = other.run('invoices', () => (seen = progress.done));
      await clock.advance(1);
      await first.release();
      await clock.advance(200);
      await visit;
      expect(seen).to.be.within(4, 8);
    });

    it('and have their 20 ms though somebody waited from the start', async () => {
      await first.release();
      const holder = await new Replica(database, clock).acquire('invoices');
      const progress = crowd(50);
      await clock.advance(10);
      let seen = 0;
      const visit = new Replica(database, clock, { announced: true }).run('invoices', () => (seen = progress.done));
      await clock.advance(10);
      await holder.release();
      await clock.advance(500);
      await visit;
      expect(seen).to.be.within(4, 8);
    });

    it('and lose nobody by it: all of theirs have their turn afterwards', async () => {
      const progress = crowd(50);
      const other = new Replica(database, clock, { announced: true });
      void other.run('invoices', () => undefined);
      await clock.advance(1);
      await first.release();
      await clock.advance('5s');
      expect(progress.done).to.equal(50);
    });

    it('and keep the lock while nobody else waits', async () => {
      const progress = crowd(50);
      await first.release();
      await clock.advance('1s');
      expect([progress.done, replica.session.count('release'), replica.session.count('ask')]).to.deep.equal([50, 1, 1]);
    });

    it('and look at the line when the next of them has begun', async () => {
      const looks: number[] = [];
      for (let at = 0; at < 6; at++) void replica.run('invoices', () => (looks.push(replica.session.count('look')), clock.sleep(10)));
      await first.release();
      await clock.advance(100);
      expect(looks).to.deep.equal([0, 0, 0, 1, 1, 2]);
    });

    it('and see by a look at the line whether anybody waits, at most once in 20 ms', async () => {
      const progress = crowd(50);
      await first.release();
      await clock.advance('1s');
      expect([progress.done, replica.session.count('look')]).to.satisfy(([done, looks]: number[]) => done === 50 && (looks ?? 99) <= 13);
    });
  });

  describe('leave the event loop its turns', () => {
    it('at the latest after 2 ms of hand-overs', async () => {
      let [done, doneAtTurn] = [0, Infinity];
      for (let at = 0; at < 20; at++) void replica.run('invoices', () => (clock.block(1), done++));
      setImmediate(() => (doneAtTurn = done));
      await first.release();
      await clock.advance(20);
      expect([done, doneAtTurn]).to.deep.equal([20, 2]);
    });
  });

  describe('who do not wait', () => {
    it('are told at once that the lock is held here', async () => {
      const statements = replica.session.sent.length;
      expect(await replica.tryAcquire('invoices')).to.equal(undefined);
      expect(replica.session.sent.length).to.equal(statements);
    });

    it('do not jump the line of those who do', async () => {
      await first.release();
      await new Replica(database, clock).acquire('invoices');
      const waiting = replica.acquire('invoices', { wait: '1s' }).catch(() => undefined);
      await clock.advance(10);
      const statements = replica.session.sent.length;
      expect(await replica.tryAcquire('invoices')).to.equal(undefined);
      expect(replica.session.sent.length).to.equal(statements);
      await clock.until(waiting);
    });

    it('get the lock once, however many ask at once', async () => {
      await first.release();
      replica.session.plan('ask', answeredAfter(10));
      const asked = Array.from({ length: 5 }, () => replica.tryAcquire('invoices'));
      await clock.advance(20);
      expect((await Promise.all(asked)).filter((lease) => lease !== undefined)).to.have.length(1);
    });

    it('ask by themselves where whoever asked before failed', async () => {
      await first.release();
      replica.session.plan('ask', failed(REFUSED));
      const [failing, asked] = [rejection(replica.tryAcquire('invoices')), replica.tryAcquire('invoices')];
      expect(await failing).to.be.instanceOf(Error);
      expect((await asked)?.held).to.equal(true);
    });

    it('share what the one who asks learns: who comes to wait meanwhile stands afterwards', async () => {
      await first.release();
      const holder = await new Replica(database, clock).acquire('invoices');
      replica.session.plan('ask', answeredAfter(10));
      const asking = replica.tryAcquire('invoices');
      const waiting = replica.acquire('invoices');
      await clock.advance(10);
      expect(await asking).to.equal(undefined);
      await clock.advance(10);
      expect(database.row('invoices').line).to.have.length(1);
      await holder.release();
      expect((await clock.until(waiting)).held).to.equal(true);
    });
  });

  describe('of a holder that loses its lease', () => {
    it('lose nothing: they stand in line again', async () => {
      const next = replica.acquire('invoices');
      database.rows.delete('invoices');
      await clock.advance('10s');
      expect((first.signal.reason as LeaseLostError).reason).to.equal('deleted');
      expect((await clock.until(next)).held).to.equal(true);
    });

    it('get it when the database is back', async () => {
      const next = replica.acquire('invoices');
      replica.session.always('all', silent);
      await clock.advance('35s');
      expect((first.signal.reason as LeaseLostError).reason).to.equal('unreachable');
      replica.session.heal();
      await clock.advance('10s');
      expect((await next).held).to.equal(true);
    });
  });
});
