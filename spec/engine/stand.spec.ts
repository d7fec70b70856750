import { expect } from 'chai';
import type { Claim, Stand as Place } from '../../lib/contracts/dialect.js';
import { MOST_IN_LINE } from '../../lib/contracts/line.js';
import { giveUp, type PollingContext, type PollingPolicy } from '../../lib/contracts/polling-policy.js';
import { LockTimeoutError } from '../../lib/core/errors.js';
import type { Lease } from '../../lib/engine/lease.js';
import type { LockOptions } from '../../lib/engine/options.js';
import { atMost, within } from '../../lib/policies/combine.js';
import { exponentialPolling } from '../../lib/policies/exponential-polling.js';
import { fixedPolling } from '../../lib/policies/fixed-polling.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { answeredAfter, answerLost, silent } from '../support/memory-session.js';
import { failureOf, rejection, watched } from '../support/outcome.js';
import { Replica } from '../support/replica.js';

describe('Waiting for another process', () => {
  let clock: ManualClock;
  let database: MemoryDatabase;
  let holder: Replica;
  let held: Lease;

  beforeEach(async () => {
    clock = new ManualClock();
    database = new MemoryDatabase(clock);
    holder = new Replica(database, clock, { holder: 'host 7' });
    held = await holder.acquire('invoices', { label: 'nightly' });
  });

  const line = () => database.row('invoices').line;
  const times = (replica: Replica, step: string) => replica.session.sent.filter((one) => one.step === step).map(({ atMs }) => atMs);
  const owners = (replica: Replica) =>
    replica.session.sent.filter(({ step }) => step === 'join').map(({ args }) => (args[0] as Claim).owner);

  describe('stands in line', () => {
    it('and confirms what was handed over before its body starts, counting the lease from before that', async () => {
      const waiter = new Replica(database, clock, { announced: true });
      waiter.session.plan('confirm', answeredAfter(500));
      let [startedMs, remainingMs] = [0, 0];
      const visit = waiter.run('invoices', (lease) => ([startedMs, remainingMs] = [clock.now().monotonicMs, lease.remainingMs]), {
        renew: false,
      });
      await clock.advance('1s');
      await held.release();
      await clock.advance('1s');
      await visit;
      expect([startedMs, remainingMs]).to.deep.equal([1_500, 29_200]);
      expect(waiter.session.steps).to.deep.equal(['ask', 'join', 'confirm', 'release']);
    });

    it('first come, first served', async () => {
      const order: number[] = [];
      for (const at of [1, 2, 3, 4]) {
        void new Replica(database, clock, { announced: at % 2 === 0 }).run('invoices', () => (order.push(at), clock.sleep(10)));
        await clock.advance(10);
      }
      await held.release();
      await clock.advance('5s');
      expect(order).to.deep.equal([1, 2, 3, 4]);
    });

    it('without a look where it was announced before the answer to its join was here', async () => {
      const waiter = new Replica(database, clock, { announced: true });
      waiter.session.plan('join', answeredAfter(500));
      const next = watched(waiter.acquire('invoices'));
      await clock.advance(100);
      await held.release();
      await clock.advance(400);
      expect([next.status(), waiter.session.steps]).to.deep.equal(['fulfilled', ['ask', 'join', 'confirm']]);
    });

    it('and learns by a look what was not announced', async () => {
      const waiter = new Replica(database, clock, { announced: true });
      database.listeners.clear();
      const next = watched(waiter.acquire('invoices'));
      await clock.advance(10);
      await held.release();
      await clock.advance('3s');
      expect([next.status(), waiter.session.steps, waiter.doubts]).to.deep.equal(['fulfilled', ['ask', 'join', 'look', 'confirm'], 1]);
    });

    it('and looks once a claim, apart from registries that began with it, and with one look for all its names', async () => {
      const others = await holder.acquire(['orders', 'parcels']);
      const waiters = [0.2, 0.8].map((share) => new Replica(database, clock, { announced: true, random: () => share }));
      const waiting = waiters.flatMap((waiter) => ['invoices', 'orders', 'parcels'].map((name) => waiter.acquire(name)));
      await clock.advance('10s');
      expect(waiters.map((waiter) => times(waiter, 'look'))).to.deep.equal([
        [1_800, 4_800, 7_800],
        [2_700, 5_700, 8_700],
      ]);
      await Promise.all([held.release(), others.release()]);
      await clock.advance(10);
      await Promise.all(waiting.slice(0, 3).map(async (next) => (await next).release()));
      await clock.advance(10);
      await Promise.all(waiting.slice(3));
    });

    it('and is not misled by an announcement that is not true', async () => {
      const waiter = new Replica(database, clock, { announced: true });
      const next = watched(waiter.acquire('invoices'));
      await clock.advance(10);
      database.notify((line()[0] ?? '').slice(0, 16), line()[0] ?? '');
      await clock.advance('5s');
      expect([next.status(), line().length]).to.deep.equal(['pending', 1]);
      await held.release();
      await clock.advance(10);
      expect(next.status()).to.equal('fulfilled');
    });

    it('anew, under a fresh name, where somebody took it out of the line', async () => {
      const waiter = new Replica(database, clock);
      const next = waiter.acquire('invoices');
      await clock.advance(100);
      database.row('invoices').line = [];
      await clock.advance('1s');
      expect(new Set(owners(waiter)).size).to.equal(2);
      expect(line()).to.deep.equal([owners(waiter)[1]]);
      await held.release();
      expect((await clock.until(next)).held).to.equal(true);
    });

    it('behind a dead process no longer than one claim', async () => {
      database.join({ key: 'invoices', owner: 'dead', ttlMs: 1, claimMs: 1, holder: '', label: '', notAfter: undefined, waitMs: 60_000 });
      const next = watched(new Replica(database, clock).acquire('invoices'));
      await clock.advance(100);
      await held.release();
      await clock.advance(2_900);
      expect(next.status()).to.equal('pending');
      await clock.advance(300);
      expect(next.status()).to.equal('fulfilled');
    });

    it('for as long as it waits, and says so once where that is at most 5 minutes', async () => {
      const waiter = new Replica(database, clock, { announced: true });
      const error = failureOf(waiter.acquire('invoices', { wait: '4m' }), LockTimeoutError);
      const startedMs = database.nowMs;
      await clock.advance('4m');
      await error;
      expect([waiter.session.count('join'), database.row('invoices').lineUntil - startedMs]).to.deep.equal([1, 240_000]);
    });

    it('and says again that it is still there where it waits longer than a line lives by itself', async () => {
      const waiter = new Replica(database, clock, { announced: true });
      const next = watched(waiter.acquire('invoices', { wait: '20m' }));
      for (let minute = 1; minute < 19; minute++) {
        await clock.advance('1m');
        expect(database.row('invoices').lineUntil).to.be.above(database.nowMs + 60_000);
      }
      expect([waiter.session.count('join') <= 8, new Set(owners(waiter)).size, next.status()]).to.deep.equal([true, 1, 'pending']);
      await held.release();
      await clock.advance(10);
      expect(next.status()).to.equal('fulfilled');
    });

    it('for a second caller who waits longer than the first', async () => {
      const waiter = new Replica(database, clock);
      const first = failureOf(waiter.acquire('invoices', { wait: '2s' }), LockTimeoutError);
      await clock.advance(100);
      const second = watched(waiter.acquire('invoices', { wait: '2m' }));
      await clock.advance('10s');
      await first;
      expect(database.row('invoices').lineUntil).to.be.above(database.nowMs + 60_000);
      await held.release();
      await clock.advance('1s');
      expect(second.status()).to.equal('fulfilled');
    });

    it('when there is room: until then it asks again, under a fresh name each time', async () => {
      database.row('invoices').line = Array.from({ length: MOST_IN_LINE }, (_, at) => `waiter ${at}`);
      database.row('invoices').lineUntil = database.nowMs + 60_000;
      const waiter = new Replica(database, clock);
      const next = waiter.acquire('invoices').catch(() => undefined);
      await clock.advance(1_000);
      expect([waiter.session.steps, new Set(owners(waiter)).size]).to.deep.equal([['ask', ...Array<string>(6).fill('join')], 6]);
      database.row('invoices').line.pop();
      await clock.advance(200);
      expect(line().at(-1)).to.equal(owners(waiter).at(-1));
      await clock.until(waiter.engine.close(0));
      await next;
    });
  });

  describe('takes over from a holder that died', () => {
    it('right after its lease is over', async () => {
      held = await holder.acquire('job', { ttl: '5s' });
      holder.session.always('all', silent);
      const waiter = new Replica(database, clock, { announced: true });
      const next = watched(waiter.acquire('job'));
      await clock.advance(4_999);
      expect(next.status()).to.equal('pending');
      await clock.advance(100);
      expect(next.status()).to.equal('fulfilled');
    });

    it('in the order of the line', async () => {
      holder.session.always('all', silent);
      const order: number[] = [];
      for (const at of [1, 2, 3]) {
        void new Replica(database, clock).run('invoices', () => (order.push(at), clock.sleep(10)));
        await clock.advance(10);
      }
      await clock.advance('1m');
      expect(order).to.deep.equal([1, 2, 3]);
    });
  });

  describe('looks', () => {
    const looks = async (options: object, wait = '10s'): Promise<number[]> => {
      const waiter = new Replica(database, clock, options);
      const error = rejection(waiter.acquire('invoices', { wait }));
      await clock.advance(wait);
      expect(await error).to.be.instanceOf(LockTimeoutError);
      return times(waiter, 'look');
    };

    it('as often as its policy says', async () => {
      expect(await looks({ polling: fixedPolling(1_000) }, '4500ms')).to.deep.equal([1_000, 2_000, 3_000, 4_000, 4_470]);
    });

    it('once more before the wait is over, however rarely it looks', async () => {
      expect(await looks({ polling: fixedPolling('1h') }, '2s')).to.deep.equal([1_970]);
    });

    it('once in every claim that may be its own, however rarely its policy says', async () => {
      expect(await looks({ polling: fixedPolling('1h') })).to.deep.equal([2_400, 4_800, 7_200, 9_600, 9_970]);
    });

    it('seldom where hand-overs are announced, whatever its policy says', async () => {
      expect(await looks({ polling: fixedPolling(10), announced: true })).to.have.length.at.most(5);
    });

    it('when the holder’s lease ends, though its policy says later', async () => {
      await holder.acquire('job', { ttl: '1s' });
      holder.session.always('all', silent);
      const waiter = new Replica(database, clock, { polling: fixedPolling('1h') });
      const next = waiter.acquire('job');
      await clock.advance('2s');
      expect(times(waiter, 'look')[0]).to.equal(1_005);
      expect((await next).held).to.equal(true);
    });

    it('in one statement for all names that it waits for', async () => {
      const names = Array.from({ length: 10 }, (_, at) => `job ${at}`);
      await Promise.all(names.map((name) => holder.acquire(name)));
      const waiter = new Replica(database, clock);
      const waiting = names.map((name) => waiter.acquire(name, { wait: '2s' }).catch(() => undefined));
      await clock.advance(1_000);
      expect((waiter.session.last('look').args[0] as Place[]).map(({ key }) => key)).to.have.members(names);
      expect(waiter.session.count('look')).to.equal(5);
      await clock.advance('2s');
      await Promise.all(waiting);
    });

    it('again when it is told that the lock rests until another time', async () => {
      const waiter = new Replica(database, clock, { announced: true });
      await held.release();
      held = await holder.acquire('invoices', { minHold: 2_000 });
      const next = watched(waiter.acquire('invoices'));
      await clock.advance(100);
      await held.release();
      await clock.advance(1_899);
      expect(next.status()).to.equal('pending');
      await clock.advance(100);
      expect(next.status()).to.equal('fulfilled');
    });
  });

  it('costs little more than the head of the line by itself, however long that is and however fast it moves', async () => {
    const replicas = Array.from({ length: 40 }, () => new Replica(database, clock, { polling: exponentialPolling() }));
    for (const replica of replicas) {
      const use = () => clock.sleep(50);
      void watched(replica.run('invoices', use));
      await clock.advance(1);
    }
    await held.release();
    await clock.advance('1s');
    const [looks, entries] = ['look', 'confirm'].map((step) => replicas.reduce((sum, replica) => sum + times(replica, step).length, 0));
    expect(entries).to.be.at.least(9);
    expect(looks).to.be.below(120);
  });

  describe('goes by the polling policy', () => {
    it('which sees how often it was busy, since when, and how long holder and caller still have', async () => {
      const seen: PollingContext[] = [];
      const polling = (context: PollingContext) => (seen.push(context), 400);
      const waiting = new Replica(database, clock, { polling }).acquire('invoices', { wait: '1s' }).catch(() => undefined);
      await clock.advance('1s');
      await waiting;
      const facts = seen
        .slice(0, 3)
        .map(({ attempt, elapsedMs, previousDelayMs, holderRemainingMs, waitRemainingMs }) => [
          ...[attempt, elapsedMs, previousDelayMs, holderRemainingMs, waitRemainingMs],
        ]);
      expect(facts).to.deep.equal([
        [1, 0, 0, 30_000, 1_000],
        [2, 400, 400, 29_600, 600],
        [3, 800, 400, 29_200, 200],
      ]);
      expect([seen[0]?.lockName, seen[0]?.random()]).to.deep.equal(['invoices', 0.5]);
    });

    it('which sees that the lock changed hands, and how many stand in front', async () => {
      const seen: (readonly number[])[] = [];
      const polling: PollingPolicy = ({ attempt, attemptSinceMove, ahead }) => (seen.push([attempt, attemptSinceMove, ahead]), 100);
      void watched(new Replica(database, clock, { polling: fixedPolling(10) }).acquire('invoices'));
      await clock.advance(5);
      void watched(new Replica(database, clock, { polling }).acquire('invoices'));
      await clock.advance(250);
      expect(seen).to.deep.equal([[1, 1, 1], [2, 2, 1], [3, 3, 1]]); // prettier-ignore
      await held.release();
      await clock.advance(200);
      expect(seen.slice(3)).to.deep.equal([[4, 1, 0], [5, 2, 0]]); // prettier-ignore
    });

    it('which does not see a lock change hands where it stands in no line', async () => {
      const seen: (readonly number[])[] = [];
      const polling: PollingPolicy = ({ attempt, attemptSinceMove, ahead }) => (seen.push([attempt, attemptSinceMove, ahead]), 100);
      database.row('invoices').line = Array.from({ length: MOST_IN_LINE }, (_, at) => String(at));
      database.row('invoices').lineUntil = Infinity;
      void watched(new Replica(database, clock, { polling }).acquire('invoices'));
      await clock.advance(150);
      database.row('invoices').acquiredAt += 100;
      await clock.advance(100);
      expect(seen).to.deep.equal([[1, 1, 0], [2, 2, 0], [3, 3, 0]]); // prettier-ignore
    });

    it('and ends the wait of a caller on whom that gives up, as if its time were over', async () => {
      const waiter = new Replica(database, clock);
      const impatient = failureOf(waiter.acquire('invoices', { polling: atMost(3, fixedPolling(100)) }), LockTimeoutError);
      await clock.advance(200);
      expect(await impatient).to.include({ waitedMs: 200 });
      await clock.advance(10);
      expect(line()).to.deep.equal([]);
    });

    it('of each caller when it is in front', async () => {
      const waiter = new Replica(database, clock);
      const impatient = failureOf(waiter.acquire('invoices', { polling: within(500, fixedPolling(100)) }), LockTimeoutError);
      const patient = watched(waiter.acquire('invoices'));
      await clock.advance(600);
      await impatient;
      expect([patient.status(), line().length]).to.deep.equal(['pending', 1]);
      expect(times(waiter, 'look')).to.deep.equal([100, 200, 300, 400, 500]);
      await held.release();
      await clock.advance(500);
      expect(patient.status()).to.equal('fulfilled');
    });

    it('which counts for each caller from when that one came', async () => {
      const seen: number[] = [];
      const waiter = new Replica(database, clock);
      const first = failureOf(waiter.acquire('invoices', { wait: '1s' }), LockTimeoutError);
      await clock.advance(850);
      const second = waiter.acquire('invoices', { wait: 500, polling: ({ attempt }) => (seen.push(attempt), 200) }).catch(() => undefined);
      await clock.advance(500);
      await Promise.all([first, second]);
      expect(seen[0]).to.be.within(1, 3);
    });

    it('and passes on to the callers that it answered nonsense', async () => {
      for (const nonsense of [NaN, -1, undefined as never]) {
        const waiter = new Replica(database, clock, { polling: () => nonsense });
        const error = await clock.until(failureOf(waiter.acquire('invoices'), RangeError));
        expect(error.message).to.contain(`answered ${String(nonsense)}`);
      }
      await clock.advance(10);
      expect(line()).to.deep.equal([]);
    });

    it('which may give up at once', async () => {
      const waiter = new Replica(database, clock, { polling: () => giveUp });
      expect(await clock.until(failureOf(waiter.acquire('invoices'), LockTimeoutError))).to.include({ waitedMs: 0 });
    });
  });

  describe('ends', () => {
    it('with who holds the lock, since when and until when', async () => {
      const waiting = failureOf(new Replica(database, clock).acquire('invoices', { wait: '2s' }), LockTimeoutError);
      await clock.advance('2s');
      const { acquiredAt, expiresAt } = database.row('invoices');
      expect((await waiting).occupant).to.deep.equal({
        holder: 'host 7',
        label: 'nightly',
        acquiredAt: new Date(acquiredAt),
        expiresAt: new Date(expiresAt),
      });
    });

    it('and leaves the line, when the last caller is gone', async () => {
      const waiter = new Replica(database, clock);
      const controller = new AbortController();
      const one = rejection(waiter.acquire('invoices', { signal: controller.signal }));
      const other = failureOf(waiter.acquire('invoices', { wait: '1s' }), LockTimeoutError);
      await clock.advance(500);
      controller.abort();
      await one;
      await clock.advance(10);
      expect(line()).to.have.length(1);
      await clock.advance(490);
      await other;
      await clock.advance(1);
      expect([line(), clock.pending]).to.deep.equal([[], 1]); // the holder's renewal
    });

    it('and needs no timer any more, where the line was full', async () => {
      database.row('invoices').line = Array.from({ length: MOST_IN_LINE }, (_, at) => `waiter ${at}`);
      database.row('invoices').lineUntil = database.nowMs + 60_000;
      const waiter = new Replica(database, clock);
      const controller = new AbortController();
      const waiting = rejection(waiter.acquire('invoices', { signal: controller.signal }));
      await clock.advance(1_000);
      controller.abort();
      await waiting;
      expect(clock.pending).to.equal(1); // the holder's renewal
      const joins = waiter.session.count('join');
      const next = waiter.acquire('invoices').catch(() => undefined);
      await clock.advance(0);
      expect(waiter.session.count('join')).to.equal(joins + 1);
      await clock.until(waiter.engine.close(0));
      await next;
    });

    it('for a caller, while others who came later go on under the same stand', async () => {
      const waiter = new Replica(database, clock);
      const first = failureOf(waiter.acquire('invoices', { wait: '1s' }), LockTimeoutError);
      const second = watched(waiter.acquire('invoices'));
      await clock.advance('2s');
      await first;
      expect(waiter.session.count('join')).to.equal(1);
      await held.release();
      await clock.advance('1s');
      expect(second.status()).to.equal('fulfilled');
    });

    it('and gives back what is granted after everybody left', async () => {
      const waiter = new Replica(database, clock);
      waiter.session.plan('ask', answeredAfter(1_000));
      const controller = new AbortController();
      const waiting = rejection(waiter.acquire('free', { signal: controller.signal }));
      await clock.advance(500);
      controller.abort();
      await waiting;
      expect(database.ownerOf('free')).not.to.equal(undefined);
      await clock.advance(501);
      expect([database.ownerOf('free'), waiter.events.names]).to.deep.equal([undefined, ['waiting', 'refused']]);
    });

    it('and gives back what was handed over, where everybody left before it was confirmed', async () => {
      const waiter = new Replica(database, clock, { announced: true });
      waiter.session.plan('confirm', answeredAfter(1_000));
      const controller = new AbortController();
      const waiting = rejection(waiter.acquire('invoices', { signal: controller.signal }));
      await clock.advance(10);
      await held.release();
      await clock.advance(500);
      controller.abort();
      await waiting;
      await clock.advance(600);
      expect(database.ownerOf('invoices')).to.equal(undefined);
    });

    it('for nobody who comes just then: a new stand begins', async () => {
      const waiter = new Replica(database, clock);
      const controller = new AbortController();
      const first = rejection(waiter.acquire('invoices', { signal: controller.signal }));
      await clock.advance(10);
      controller.abort();
      const second = watched(waiter.acquire('invoices'));
      await first;
      await clock.advance(100);
      expect([line().length, new Set(owners(waiter)).size]).to.deep.equal([1, 2]);
      await held.release();
      await clock.advance('1s');
      expect(second.status()).to.equal('fulfilled');
    });
  });

  describe('where the dialect has quick statements', () => {
    let replica: Replica;
    beforeEach(() => (replica = new Replica(database, clock, { quick: true })));

    const useOnce = async (name = 'quiet', options: LockOptions = {}) => (await replica.acquire(name, options)).release();
    const steps = async (during: () => Promise<unknown>) => {
      const before = replica.session.steps.length;
      await during();
      return replica.session.steps.slice(before);
    };

    it('takes and gives back a free lock by these alone, once it has done so in full', async () => {
      expect(await steps(() => useOnce())).to.deep.equal(['ask', 'releaseLone']);
      expect(await steps(async () => (await useOnce(), await useOnce()))).to.deep.equal([
        'takeFree',
        'releaseLone',
        'takeFree',
        'releaseLone',
      ]);
    });

    it('asks in full for what it gave back to rest, and for what was taken meanwhile it stands in line', async () => {
      await useOnce();
      expect(await steps(() => useOnce('quiet', { minHold: 50 }))).to.deep.equal(['takeFree', 'release']);
      await clock.advance(50);
      expect(await steps(() => useOnce())).to.deep.equal(['ask', 'releaseLone']);
      database.rows.delete('quiet');
      expect(await steps(() => useOnce())).to.deep.equal(['takeFree', 'join', 'releaseLone']);
    });

    it('stands in line by the full ones, and takes there what ended unreleased', async () => {
      const waiting = replica.acquire('invoices');
      await clock.advance(10);
      expect(replica.session.steps).to.deep.equal(['ask', 'join']);
      await held.release();
      await clock.advance('1s');
      await (await waiting).release();
      await useOnce();
      Object.assign(database.row('quiet'), { owner: 'f'.repeat(32) });
      expect(await steps(() => replica.acquire('quiet'))).to.deep.equal(['takeFree', 'join']);
    });

    it('asks in full after an answer that was lost, and knows what that took', async () => {
      await useOnce();
      replica.session.plan('takeFree', answerLost);
      const lease = watched(replica.acquire('quiet'));
      await clock.advance('1s');
      expect([lease.status(), replica.session.steps.slice(-2)]).to.deep.equal(['fulfilled', ['takeFree', 'ask']]);
    });

    it('gives back in full at once what it had for long, since others may wait by then', async () => {
      const lease = await replica.acquire('quiet');
      await clock.advance(100);
      await lease.release();
      expect(replica.session.steps).to.deep.equal(['ask', 'release']);
    });

    it('gives back in full in the end what others began to wait for unseen', async () => {
      const lease = await replica.acquire('quiet');
      const waiting = watched(new Replica(database, clock).acquire('quiet'));
      await clock.advance(10);
      await lease.release();
      expect(replica.session.steps).to.deep.equal(['ask', 'releaseLone', 'release']);
      await clock.advance('1s');
      expect(waiting.status()).to.equal('fulfilled');
    });
  });
});
