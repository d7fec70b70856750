import { strict as assert } from 'node:assert';
import { LeaseLostError } from '../../core/errors.js';
import type { Case } from './contract-case.js';
import { aborted, failure, granted } from './outcomes.js';

/** How long a lock is kept. */
export const holding: readonly Case[] = [
  {
    name: 'keeps a lock for its shortest time after an early release, and then frees it',
    covers: [79],
    async run({ locks, freshName }) {
      const [one, other] = [locks(), locks()];
      const name = freshName();
      const lease = await one.acquire(name, { ttl: '5s', minHold: 1_000 });
      assert.equal(await lease.release(), true);
      for (const registry of [one, other]) assert.equal(await registry.tryAcquire(name), undefined);
      const seen = await other.inspect(name);
      assert(seen?.releasedAt, 'the lock rests');
      const next = await other.acquire(name);
      const restedMs = next.acquiredAt.getTime() - lease.acquiredAt.getTime();
      assert(restedMs >= 1_000 && restedMs < 3_000, `after ${restedMs} ms`);
    },
  },
  {
    name: 'frees a lock at once that was held for longer than its shortest time',
    covers: [80],
    async run({ locks, freshName, clock }) {
      const name = freshName();
      const lease = await locks().acquire(name, { ttl: '5s', minHold: 200 });
      await clock.sleep(220);
      await lease.release();
      granted(await locks().tryAcquire(name));
    },
  },
  {
    name: 'counts the shortest time from the grant, however often the lease is extended',
    covers: [50, 83],
    async run({ locks, freshName, clock }) {
      const name = freshName();
      const lease = await locks().acquire(name, { ttl: '3s', minHold: 600, renew: false });
      for (const ttl of ['5s', '10s', '20s']) {
        await clock.sleep(100);
        await lease.extend(ttl);
      }
      await lease.release();
      const next = await locks().acquire(name);
      const heldMs = next.acquiredAt.getTime() - lease.acquiredAt.getTime();
      assert(heldMs >= 600 && heldMs < 2_600, `after ${heldMs} ms`);
    },
  },
  {
    name: 'lasts past its ttl as often as it is extended',
    covers: [81],
    async run({ locks, freshName, clock }) {
      const name = freshName();
      const lease = await locks().acquire(name, { ttl: 500, renew: false });
      for (const ttl of [500, 500, 500, 500]) {
        await clock.sleep(200);
        await lease.extend(ttl);
      }
      assert.equal(lease.held, true);
      assert.equal(await locks().tryAcquire(name), undefined);
    },
  },
  {
    name: 'is not shortened by an extension to less',
    covers: [81],
    async run({ locks, freshName }) {
      const name = freshName();
      const lease = await locks().acquire(name, { ttl: '1m' });
      const before = await locks().inspect(name);
      await lease.extend(200);
      assert(lease.remainingMs > 50_000, `${lease.remainingMs} ms left`);
      assert.deepEqual((await locks().inspect(name))?.expiresAt, before?.expiresAt);
    },
  },
  {
    name: 'cannot be extended when its time is over: the lock stays free',
    covers: [82],
    async run({ locks, freshName, clock }) {
      const name = freshName();
      const lease = await locks().acquire(name, { ttl: 400, renew: false });
      await clock.sleep(450);
      assert.equal((await failure(lease.extend('5s'), LeaseLostError)).reason, 'expired');
      assert.equal(await locks().inspect(name), undefined);
    },
  },
  {
    name: 'ends at its longest time, renewed or not',
    covers: [59],
    async run({ locks, freshName, clock }) {
      const name = freshName();
      const lease = await locks().acquire(name, { ttl: 600, maxHold: 900 });
      await clock.sleep(700);
      assert.equal(lease.held, true);
      await aborted(lease.signal);
      assert.equal((lease.signal.reason as LeaseLostError).reason, 'expired');
      const next = await locks().acquire(name);
      assert(next.acquiredAt.getTime() - lease.acquiredAt.getTime() < 2_900);
    },
  },
];
