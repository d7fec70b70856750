import { expect } from 'chai';
import { LockStoreError, LockTableError } from '../../lib/core/errors.js';
import { type Attempt, Store } from '../../lib/engine/store.js';
import { transientRetry } from '../../lib/policies/transient-retry.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { memoryStatements } from '../../lib/testing/memory-statements.js';
import { answeredAfter, answerLost, failed, MemorySession, REFUSED } from '../support/memory-session.js';
import { failureOf, rejection } from '../support/outcome.js';

describe('Store', () => {
  let clock: ManualClock;
  let database: MemoryDatabase;
  let session: MemorySession;
  let prepared: number;
  let prepare: () => Promise<void>;
  let store: Store;

  beforeEach(() => {
    clock = new ManualClock();
    database = new MemoryDatabase(clock);
    session = new MemorySession(database, clock);
    prepared = 0;
    prepare = async () => undefined;
    store = new Store({
      session,
      statements: memoryStatements(),
      retry: transientRetry({ first: 100 }),
      clock,
      random: () => 1,
      prepareTable: () => (prepared++, prepare()),
    });
  });

  const look: Attempt<unknown> = { name: 'look', lockName: 'invoices', timeoutMs: 1_000, step: (statements) => statements.look([]) };

  describe('sees to the table', () => {
    it('before its first statement, once', async () => {
      await Promise.all([store.run(look), store.run(look)]);
      await store.run(look);
      expect([prepared, session.count('look')]).to.deep.equal([1, 3]);
    });

    it('anew for whoever comes after that failed, and tells who waited for it', async () => {
      const error = new LockTableError('distributed_lock', 'is not a lock table.');
      prepare = () => Promise.reject(error);
      expect(await Promise.all([rejection(store.run(look)), rejection(store.run(look))])).to.deep.equal([error, error]);
      prepare = async () => undefined;
      await store.run(look);
      expect([prepared, session.count('look')]).to.deep.equal([2, 1]);
    });

    it('again where it is missing later, and sends the statement again', async () => {
      await store.run(look);
      database.hasTable = false;
      prepare = async () => void (database.hasTable = true);
      await store.run(look);
      expect([prepared, session.count('look')]).to.deep.equal([2, 3]);
    });

    it('once for a statement: where the table is still missing then, that is an error', async () => {
      database.hasTable = false;
      const error = await failureOf(store.run(look), LockStoreError);
      expect([prepared, session.count('look'), String(error.cause)]).to.deep.equal([2, 2, 'Error: no such table']);
    });

    it('not for the statements that find out about it', async () => {
      await store.bare({ name: 'columns', timeoutMs: 1_000, step: (statements) => statements.columns() });
      expect(prepared).to.equal(0);
    });
  });

  describe('tells of an answer', () => {
    it('when it was sent and when it was here', async () => {
      await clock.advance(100);
      session.plan('look', answeredAfter(40));
      const answered = await clock.until(store.run(look));
      expect(answered).to.deep.include({ answer: [], unsureUntilMs: undefined });
      expect([answered.firstSent.monotonicMs, answered.lastSent.monotonicMs, answered.arrived.monotonicMs]).to.deep.equal([100, 100, 140]);
    });

    it('when the first attempt was sent that may have been carried out, and until when it may be', async () => {
      session.plan('look', failed(), answerLost, answerLost);
      const { firstSent, lastSent, unsureUntilMs } = await clock.until(store.run(look));
      expect([firstSent.monotonicMs, lastSent.monotonicMs]).to.deep.equal([100, 700]);
      expect(unsureUntilMs).to.be.at.least(300 + 1_000);
    });
  });

  describe('fails', () => {
    it('with the step, the lock, the driver’s error, and whether it may have been carried out', async () => {
      session.always('look', failed(REFUSED));
      const error = await failureOf(store.run(look), LockStoreError);
      expect(error).to.include({ step: 'look', lockName: 'invoices', outcomeUnknown: false });
      expect(String(error.cause)).to.equal('Error: refused');
    });

    it('with an unknown outcome where any of its attempts may have been carried out', async () => {
      session.plan('look', answerLost, failed(REFUSED));
      expect((await clock.until(failureOf(store.run(look), LockStoreError))).outcomeUnknown).to.equal(true);
    });

    it('with an unknown outcome where the answer is not one that the dialect knows', async () => {
      const read = () => {
        throw new TypeError('a number belongs there');
      };
      const garbled: Attempt<unknown> = { ...look, step: (statements) => ({ ...statements.look([]), read }) };
      const error = await failureOf(store.run(garbled), LockStoreError);
      expect([error.outcomeUnknown, session.count('look')]).to.deep.equal([true, 1]);
      expect(error.cause).to.be.instanceOf(TypeError);
    });

    it('and tells of each attempt that did, while others follow', async () => {
      const failures: string[] = [];
      session.plan('look', failed(), answerLost);
      await clock.until(store.run({ ...look, failed: (error) => failures.push(String(error)) }));
      expect(failures).to.deep.equal(['Error: try again', 'Error: connection reset']);
    });

    it('when no time is left for another attempt', async () => {
      session.always('look', failed());
      await clock.until(failureOf(store.run({ ...look, remainingMs: () => 250 - clock.now().monotonicMs }), LockStoreError));
      expect(session.count('look')).to.equal(2);
    });

    it('where the retry policy answers nothing, and says so', async () => {
      const silent = new Store({
        session,
        statements: memoryStatements(),
        retry: async () => undefined as never,
        clock,
        random: () => 1,
        prepareTable: prepare,
      });
      expect(String(await failureOf(silent.run(look), TypeError))).to.contain('The retry policy must resolve');
    });

    it('at once where it is to be tried once', async () => {
      session.always('look', failed());
      await rejection(store.once(look));
      expect(session.count('look')).to.equal(1);
    });
  });

  it('gives each attempt a moment of the database’s clock after which it is given up, once that clock is known', async () => {
    const moments: (number | undefined)[] = [];
    const attempt: Attempt<unknown> = { ...look, step: (statements, notAfter) => (moments.push(notAfter), statements.look([])) };
    await store.run(attempt);
    store.databaseClock.learn(5_000_000, clock.now());
    await clock.advance(300);
    await store.run(attempt);
    expect(moments).to.deep.equal([undefined, 5_001_300]);
  });

  it('notifies who listens, once', async () => {
    const heard: string[] = [];
    database.listeners.set('n1', (payload) => heard.push(payload));
    await store.notify('n1', 'look', 1_000);
    expect([heard, session.count('notify')]).to.deep.equal([['look'], 1]);
  });
});
