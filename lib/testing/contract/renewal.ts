import { strict as assert } from 'node:assert';
import type { LockEvents } from '../../contracts/observer.js';
import { LeaseLostError } from '../../core/errors.js';
import { intercepted, notDone, outcomeUnknown, recorded } from '../intercepted.js';
import type { Case } from './contract-case.js';
import { aborted, failure } from './outcomes.js';

/** How a lease is kept. */
export const renewal: readonly Case[] = [
  {
    name: 'renews at a third of the ttl, again and again, and never after the release',
    covers: [49],
    async run({ locks, freshName, dialect, clock }) {
      const at: number[] = [];
      const watched = intercepted(dialect, (step, run) => {
        if (step === 'renew') at.push(clock.now().monotonicMs);
        return run();
      });
      const lease = await locks({ dialect: watched, ttl: 900 }).acquire(freshName());
      await clock.sleep(1_550);
      assert.equal(lease.held, true);
      await lease.release();
      const times = at.length;
      assert(times >= 3 && times <= 8, `${times} renewals`);
      assert(
        at.slice(1).every((ms, before) => ms - (at[before] ?? 0) >= 150),
        at.join(),
      );
      await clock.sleep(500);
      assert.equal(at.length, times);
    },
  },
  {
    name: 'stops renewing what it cannot keep',
    covers: [49],
    async run({ locks, freshName, dialect, clock }) {
      const name = freshName();
      const { dialect: watched, steps } = recorded(dialect);
      const lease = await locks({ dialect: watched, ttl: 600 }).acquire(name);
      await locks().forceRelease(name);
      await aborted(lease.signal);
      const renewals = () => steps.filter((step) => step === 'renew').length;
      const times = renewals();
      await clock.sleep(400);
      assert.equal(renewals(), times);
    },
  },
  {
    name: 'keeps the lease when one renewal fails, says so, and renews with the next',
    covers: [52],
    async run({ locks, freshName, dialect, clock }) {
      let failures = 0;
      const faulty = intercepted(dialect, (step, run) => (step === 'renew' && failures++ === 0 ? Promise.reject(notDone()) : run()));
      const registry = locks({ dialect: faulty, ttl: 900 });
      const seen: string[] = [];
      registry.on('overdue', ({ remainingMs }: LockEvents['overdue']) =>
        seen.push(`overdue with ${remainingMs > 200 ? 'time' : 'nothing'} left`),
      );
      registry.on('renewed', () => seen.push('renewed'));
      const lease = await registry.acquire(freshName());
      await clock.sleep(700);
      assert.deepEqual(seen.slice(0, 2), ['overdue with time left', 'renewed']);
      assert.deepEqual([lease.held, lease.signal.aborted], [true, false]);
    },
  },
  {
    name: 'keeps the lease when the answer of a renewal is lost',
    covers: [53],
    async run({ locks, freshName, dialect, clock }) {
      let losses = 0;
      const faulty = intercepted(dialect, async (step, run) => {
        const rows = await run();
        if (step === 'renew' && losses++ < 2) throw outcomeUnknown();
        return rows;
      });
      const lease = await locks({ dialect: faulty, ttl: 900 }).acquire(freshName());
      await clock.sleep(900);
      assert(losses > 2, `${losses} renewals`);
      assert.deepEqual([lease.held, lease.signal.aborted], [true, false]);
    },
  },
  {
    name: 'refuses to extend what was released, and writes nothing',
    covers: [55, 82],
    async run({ locks, freshName, dialect }) {
      const { dialect: watched, steps } = recorded(dialect);
      const name = freshName();
      const lease = await locks({ dialect: watched }).acquire(name);
      await lease.release();
      assert.equal((await failure(lease.extend('5s'), LeaseLostError)).reason, 'released');
      assert(!steps.includes('renew'), steps.join());
      assert.equal(await locks().inspect(name), undefined);
    },
  },
  {
    name: 'refuses to extend what expired and was taken, and leaves the new owner\u2019s lease as it is',
    covers: [55],
    async run({ locks, freshName }) {
      const [one, other] = [locks(), locks()];
      const name = freshName();
      const first = await one.acquire(name, { ttl: 400, renew: false });
      await other.acquire(name);
      const before = await other.inspect(name);
      await failure(first.extend('1h'), LeaseLostError);
      assert.deepEqual(await other.inspect(name), before);
    },
  },
  {
    name: 'does not renew where it was told not to: the lease ends when its time is over',
    covers: [59],
    async run({ locks, freshName, dialect, clock }) {
      const { dialect: watched, steps } = recorded(dialect);
      const lease = await locks({ dialect: watched }).acquire(freshName(), { ttl: 400, renew: false });
      const lost = lease.signal;
      await clock.sleep(550);
      assert.equal((lost.reason as LeaseLostError | undefined)?.reason, 'expired');
      assert(!steps.includes('renew'), steps.join());
    },
  },
];
