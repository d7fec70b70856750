import { strict as assert } from 'node:assert';
import type { Lease } from '../../engine/lease.js';
import type { Case } from './contract-case.js';
import { granted } from './outcomes.js';

/** What tokens promise. */
export const fencing: readonly Case[] = [
  {
    name: 'grows with every grant: over release, hand-over, expiry, force and restart',
    covers: [85],
    async run({ locks, freshName, clock }) {
      const table = freshName();
      const name = freshName();
      const [one, other] = [locks({ table, polling: () => 10 }), locks({ table, polling: () => 10 })];
      const tokens: number[] = [];
      const note = (lease: Lease) => (tokens.push(lease.fencingToken), lease);

      const inOneProcess = [1, 2, 3].map(() => one.run(name, (lease) => void note(lease)));
      await Promise.all(inOneProcess);
      const holder = note(await one.acquire(name));
      const handedOver = other.acquire(name);
      await clock.sleep(50);
      await holder.release();
      await note(await handedOver).release();
      note(await one.acquire(name, { ttl: 400, renew: false }));
      note(await other.acquire(name));
      await other.forceRelease(name, { now: true });
      await note(await one.acquire(name)).release();
      await note(granted(await locks({ table }).tryAcquire(name))).release();

      assert.equal(tokens.length, 9);
      assert(
        tokens.every((token, at) => Number.isSafeInteger(token) && token > (tokens[at - 1] ?? 0)),
        tokens.join(),
      );
    },
  },
  {
    name: 'is the same over renewals, and for a call under the lease around it',
    covers: [86],
    async run({ locks, freshName, clock }) {
      const name = freshName();
      const registry = locks({ ttl: 900 });
      await registry.run(name, async (outer) => {
        const { fencingToken } = outer;
        await clock.sleep(1_000);
        await outer.extend('5s');
        await registry.run(name, (inner) => assert.equal(inner.fencingToken, fencingToken), { reentrant: true });
        assert.equal(outer.fencingToken, fencingToken);
        assert.equal((await registry.inspect(name))?.fencingToken, fencingToken);
      });
    },
  },
];
