import { expect } from 'chai';
import type { Stand } from '../../lib/contracts/dialect.js';
import { LockStoreError } from '../../lib/core/errors.js';
import { Store } from '../../lib/engine/store.js';
import { Watcher } from '../../lib/engine/watcher.js';
import { noRetry } from '../../lib/policies/no-retry.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { memoryStatements } from '../../lib/testing/memory-statements.js';
import { answeredAfter, failed, MemorySession } from '../support/memory-session.js';
import { failureOf, watched } from '../support/outcome.js';

describe('Watcher', () => {
  let clock: ManualClock;
  let session: MemorySession;
  let watcher: Watcher;
  let waker: { started: number; stopped: number; doubted: number };
  let database: MemoryDatabase;

  beforeEach(() => {
    clock = new ManualClock();
    database = new MemoryDatabase(clock);
    session = new MemorySession(database, clock);
    const parts = {
      session,
      statements: memoryStatements(),
      retry: noRetry(),
      clock,
      random: () => 0.5,
      prepareTable: async () => undefined,
    };
    watcher = new Watcher(new Store(parts), clock);
    waker = { started: 0, stopped: 0, doubted: 0 };
    watcher.waker = {
      listens: true,
      reliable: true,
      start: () => (waker.started += 1),
      stop: () => (waker.stopped += 1),
      doubt: () => (waker.doubted += 1),
      close: () => undefined,
    };
  });

  const stand = (name: string): Stand => ({ key: name, owner: `waits for ${name}` });
  const next = (name: string, delayMs: number) => watcher.next(stand(name), delayMs);
  const lookTimes = () => session.sent.filter(({ step }) => step === 'look').map(({ atMs }) => atMs);
  const lookedAt = () => (session.last('look').args[0] as Stand[]).map(({ key }) => key);

  it('looks when the delay is over, and shows where the stand is', async () => {
    const view = next('a', 300);
    await clock.advance(300);
    expect(await view).to.deep.equal({
      owner: 'waits for a',
      place: 'gone',
      now: database.nowMs,
      waiters: 0,
      ahead: 0,
      occupant: undefined,
    });
    expect(lookTimes()).to.deep.equal([300]);
  });

  it('looks at all that are due, or soon will be, in one statement', async () => {
    const views = [next('a', 1_000), next('b', 1_200), next('c', 5_000)];
    await clock.advance(1_000);
    expect([lookTimes(), lookedAt()]).to.deep.equal([[1_000], ['a', 'b']]);
    await clock.advance(4_000);
    expect([lookTimes(), lookedAt()]).to.deep.equal([[1_000, 5_000], ['c']]);
    await Promise.all(views);
  });

  it('looks every 50 ms at most, whatever is asked of it', async () => {
    for (let at = 0; at < 10; at++) {
      const view = next(`job ${at}`, 0);
      await clock.advance(20);
      void view;
    }
    await clock.advance(100);
    const gaps = lookTimes().map((ms, at, times) => ms - (times[at - 1] ?? -50));
    expect(Math.min(...gaps)).to.equal(50);
  });

  it('has one look under way at a time', async () => {
    session.plan('look', answeredAfter(400));
    const views = [next('a', 100), next('b', 200)];
    await clock.advance(200);
    views.push(next('c', 0));
    await clock.advance(299);
    expect(lookTimes()).to.deep.equal([100]);
    await clock.advance(100);
    expect(lookTimes()).to.deep.equal([100, 550]);
    await Promise.all(views);
  });

  it('stops watching at once when nobody wants to know any more, and then needs neither timer nor waker', async () => {
    const view = next('a', 1_000);
    expect(waker).to.include({ started: 1, stopped: 0 });
    watcher.leave('waits for a');
    expect(await view).to.equal(undefined);
    expect(waker).to.include({ started: 1, stopped: 1 });
    expect(clock.pending).to.equal(0);
  });

  describe('woken', () => {
    it('for one stand, answers that one at once, without a look', async () => {
      const [one, other] = [watched(next('a', 1_000)), watched(next('b', 1_000))];
      watcher.wake('waits for a');
      await clock.advance(10);
      expect([one.status(), other.status(), lookTimes()]).to.deep.equal(['fulfilled', 'pending', []]);
      await clock.advance('1s');
    });

    it('for a stand that does not watch yet, remembers it, once', async () => {
      watcher.wake('waits for a');
      expect(await next('a', 1_000)).to.equal('woken');
      const second = watched(next('a', 1_000));
      await clock.advance(10);
      expect(second.status()).to.equal('pending');
      await clock.advance('1s');
    });

    it('for all, looks at all now', async () => {
      const views = [next('a', 5_000), next('b', 60_000)];
      await clock.advance(100);
      watcher.wake(undefined);
      await clock.advance(1);
      expect([lookTimes(), lookedAt()]).to.deep.equal([[100], ['a', 'b']]);
      await Promise.all(views);
    });

    it('for nobody, does not look', async () => {
      watcher.wake(undefined);
      await clock.advance('1s');
      expect(lookTimes()).to.deep.equal([]);
    });

    it('under a look, still looks for the same stand when it watches again', async () => {
      session.plan('look', answeredAfter(1_000));
      const first = next('a', 100);
      await clock.advance(200);
      watcher.wake('waits for a');
      expect(await first).to.equal('woken');
      const second = watched(next('a', 300));
      await clock.advance('5s');
      expect(second.status()).to.equal('fulfilled');
    });

    it('for any number of stands that nobody watches, keeps a bounded memory of them', async () => {
      for (let at = 0; at <= 1_000; at++) watcher.wake(`late ${at}`);
      expect(await watcher.next({ key: 'a', owner: 'late 1000' }, 0)).to.equal('woken');
      const forgotten = watcher.next({ key: 'a', owner: 'late 0' }, 0);
      await clock.advance(1);
      expect(await forgotten).to.include({ place: 'gone' });
    });
  });

  it('doubts the waker when a look finds what should have been announced', async () => {
    database.ask({ ...stand('a'), ttlMs: 1_000, claimMs: 1_000, holder: '', label: '', notAfter: undefined });
    const views = [next('a', 100), next('b', 100)];
    await clock.advance(100);
    await Promise.all(views);
    expect(waker.doubted).to.equal(1);
  });

  it('tells all who watch that a look failed, and why while it does', async () => {
    session.plan('look', failed());
    const errors = [failureOf(next('a', 100), LockStoreError), failureOf(next('b', 100), LockStoreError)];
    await clock.advance(100);
    expect((await Promise.all(errors)).map(({ step }) => step)).to.deep.equal(['look', 'look']);
    expect(watcher.failing).to.be.instanceOf(Error);
    const later = next('a', 100);
    await clock.advance(100);
    await later;
    expect(watcher.failing).to.equal(undefined);
  });

  it('takes an answer that leaves one out for a failure', async () => {
    session.plan('look', async () => [{ answer: [] }]);
    const error = failureOf(next('a', 100), Error);
    await clock.advance(100);
    expect((await error).message).to.contain('less than it was asked');
  });

  it('says whether hand-overs are announced', () => {
    expect(watcher.announced).to.equal(true);
  });
});
