import { strict as assert } from 'node:assert';
import type { Clock } from '../../contracts/clock.js';
import { LeaseLostError, LockStoreError } from '../../core/errors.js';
import { intercepted, recorded } from '../intercepted.js';
import type { Case } from './contract-case.js';
import { duration, eventually, failure, granted } from './outcomes.js';

const HOUR_MS = 3_600_000;
/** An answer may take so much longer on a busy machine. */
const SLACK_MS = 1_000;

/** How a lease ends by itself. */
export const expiry: readonly Case[] = [
  {
    name: 'frees a lock that is not renewed when its ttl is over by the clock of the database, and not before',
    covers: [39],
    async run({ locks, freshName }) {
      const [one, other] = [locks(), locks()];
      const name = freshName();
      const first = await one.acquire(name, { ttl: 400, renew: false });
      // Asked at once, and again and again; whoever gets it tells by the database's clock when that was.
      const second = (await other.tryAcquire(name)) ?? (await other.acquire(name));
      const heldMs = second.acquiredAt.getTime() - first.acquiredAt.getTime();
      assert(heldMs >= 400 && heldMs < 400 + SLACK_MS, `after ${heldMs} ms`);
    },
  },
  {
    name: 'tells the late holder of an expired lock that it was lost, and leaves the next one alone',
    covers: [40, 71],
    async run({ locks, freshName }) {
      const [one, other] = [locks(), locks()];
      const name = freshName();
      const first = await one.acquire(name, { ttl: 400, renew: false });
      const second = await other.acquire(name);
      assert.equal(await first.release(), false);
      assert(first.signal.reason instanceof LeaseLostError);
      assert.equal(second.held, true);
      assert.equal((await one.inspect(name))?.fencingToken, second.fencingToken);
    },
  },
  {
    name: 'takes what a crash has left behind, once that has expired, with the first statement',
    covers: [42],
    async run({ locks, freshName, dialect, clock }) {
      const name = freshName();
      await locks().acquire(name, { ttl: 400, renew: false });
      await clock.sleep(450);
      const { dialect: watched, steps } = recorded(dialect);
      granted(await locks({ dialect: watched }).tryAcquire(name));
      assert.deepEqual(
        steps.filter((step) => step !== 'columns'),
        ['ask'],
      );
    },
  },
  {
    name: 'goes by the ttl of the call where that is longer or shorter than the registry\u2019s',
    covers: [43],
    async run({ locks, freshName }) {
      const [brief, long, other] = [locks({ ttl: 2_000 }), locks({ ttl: '1m' }), locks()];
      for (const [registry, ttl] of [
        [brief, 60_000],
        [long, 2_000],
      ] as const) {
        const name = freshName();
        const lease = await registry.acquire(name, { ttl, renew: false });
        const seen = await other.inspect(name);
        assert.equal(seen && seen.expiresAt.getTime() - lease.acquiredAt.getTime(), ttl);
      }
    },
  },
  {
    name: 'gives back a grant whose answer came too late, and fails: it is not known to be busy',
    covers: [44],
    async run({ locks, freshName, dialect, clock }) {
      const name = freshName();
      const slow = intercepted(dialect, async (step, run) => {
        const rows = await run();
        if (step === 'ask') await clock.sleep(1_000);
        return rows;
      });
      const error = await failure(locks({ dialect: slow }).tryAcquire(name, { ttl: '3s' }), LockStoreError);
      assert.deepEqual([error.step, error.outcomeUnknown], ['ask', true]);
      const waitedMs = await duration(clock, () => locks({ polling: () => 10 }).acquire(name));
      assert(waitedMs < 1_800, `after ${waitedMs} ms`);
    },
  },
  {
    name: 'gives back a grant of whose lease too little is left, and does not hand it out',
    covers: [45],
    async run({ locks, freshName, dialect, clock }) {
      const name = freshName();
      let passedMs = 0;
      const busy = intercepted(dialect, async (step, run) => {
        const rows = await run();
        if (step === 'ask') passedMs = 7_000;
        return rows;
      });
      const asked = locks({
        dialect: busy,
        clock: shifted(
          clock,
          () => passedMs,
          () => passedMs,
        ),
      }).tryAcquire(name, { ttl: '10s' });
      assert.equal(await asked, undefined);
      const other = locks();
      await eventually(clock, () => other.tryAcquire(name));
    },
  },
  {
    name: 'is unaffected by wall clocks that are an hour wrong',
    covers: [46],
    async run({ locks, freshName, clock }) {
      const registries = [HOUR_MS, -HOUR_MS, 0].map((ms) => locks({ ttl: 900, clock: shifted(clock, () => ms) }));
      const leases = await Promise.all(registries.map((registry) => registry.acquire(freshName())));
      await clock.sleep(1_000);
      for (const lease of leases) {
        assert.equal(lease.held, true);
        for (const other of registries) assert.equal(await other.tryAcquire(lease.name), undefined);
        assert.equal(await lease.release(), true);
        for (const other of registries) assert.equal(await granted(await other.tryAcquire(lease.name)).release(), true);
      }
    },
  },
  {
    name: 'ends belief in time when the wall clock is set back, and at once when it jumps ahead; others go by the database',
    covers: [46],
    async run({ locks, freshName, clock }) {
      const other = locks();
      for (const jumpMs of [-HOUR_MS, HOUR_MS]) {
        const name = freshName();
        let setByMs = 0;
        const lease = await locks({ clock: shifted(clock, () => setByMs) }).acquire(name, { ttl: 500, renew: false });
        setByMs = jumpMs;
        assert.equal(lease.held, jumpMs < 0);
        assert.equal(await other.tryAcquire(name), undefined);
        await clock.sleep(500);
        assert.equal(lease.held, false);
        granted(await other.tryAcquire(name, { ttl: 500 }));
      }
    },
  },
];

/** `clock`, ahead by so much. */
function shifted(clock: Clock, wallMs: () => number, monotonicMs = () => 0): Clock {
  return {
    ...clock,
    now() {
      const now = clock.now();
      return { monotonicMs: now.monotonicMs + monotonicMs(), wallMs: now.wallMs + wallMs() };
    },
  };
}
