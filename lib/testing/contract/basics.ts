import { strict as assert } from 'node:assert';
import type { LockOptions } from '../../engine/options.js';
import type { Case, Locks } from './contract-case.js';
import { failure, granted, isPending, numbers } from './outcomes.js';

/** What a lock is. */
export const basics: readonly Case[] = [
  {
    name: 'refuses a second owner until the first lets go, in its own registry and in others',
    covers: [1],
    async run({ locks, freshName }) {
      const [one, other] = [locks(), locks()];
      const name = freshName();
      const held = granted(await one.tryAcquire(name));
      assert.equal(await one.tryAcquire(name), undefined);
      assert.equal(await other.tryAcquire(name), undefined);
      granted(await other.tryAcquire(freshName()));
      assert.equal(await held.release(), true);
      granted(await other.tryAcquire(name));
    },
  },
  {
    name: 'releases once: a second release answers the same and leaves the next owner alone',
    covers: [3],
    async run({ locks, freshName }) {
      const [one, other] = [locks(), locks()];
      const name = freshName();
      const first = await one.acquire(name);
      assert.equal(await first.release(), true);
      const second = await other.acquire(name);
      assert.equal(await first.release(), true);
      assert.equal(second.held, true);
      assert.equal(await one.tryAcquire(name), undefined);
    },
  },
  {
    name: 'holds two names at once, and lets go of them in either order',
    covers: [5],
    async run({ locks, freshName }) {
      const registry = locks();
      const names = [freshName(), freshName()];
      for (const order of [(leases: unknown[]) => leases, (leases: unknown[]) => leases.toReversed()]) {
        const leases = await Promise.all(names.map((name) => registry.acquire(name)));
        for (const lease of order(leases)) assert.equal(await (lease as (typeof leases)[0]).release(), true);
      }
    },
  },
  {
    name: 'can be taken again and again, with nobody else in between',
    covers: [6],
    async run({ locks, freshName }) {
      const [one, other] = [locks(), locks()];
      const name = freshName();
      for (const round of numbers(10)) {
        const lease = granted(await one.tryAcquire(name));
        assert.equal(await other.tryAcquire(name), undefined, `round ${round}`);
        assert.equal(await lease.release(), true);
      }
    },
  },
  {
    name: 'refuses a wait that is no time, wherever it is said, and names the option',
    covers: [4],
    async run({ locks, freshName }) {
      const registry = locks();
      for (const wait of [-1, -Infinity, NaN, '5', 'soon', '-1s']) {
        for (const entry of entries(registry, freshName())) {
          const error = await failure(entry({ wait }), Error);
          assert(error instanceof TypeError || error instanceof RangeError, `wait ${wait}: ${String(error)}`);
          assert.match(error.message, /"wait"/);
        }
      }
    },
  },
  {
    name: 'waits for longer than a timer can sleep',
    covers: [4],
    async run({ locks, freshName, clock }) {
      const registry = locks();
      for (const wait of [2 ** 31, '60d', Infinity]) {
        const name = freshName();
        const held = await registry.acquire(name);
        const waiting = registry.acquire(name, { wait });
        assert(await isPending(clock, waiting, 30), `wait ${wait}`);
        await held.release();
        await (await waiting).release();
      }
    },
  },
  {
    name: 'refuses times that cannot be kept, and names the option',
    covers: [7, 8],
    async run({ locks, freshName }) {
      const registry = locks();
      const wrong: readonly (readonly [keyof LockOptions, LockOptions])[] = [
        ...[0, -1, 199, '31d', NaN, Infinity].map((ttl) => ['ttl', { ttl }] as const),
        ['minHold', { ttl: 1_000, minHold: 1_001 }],
        ['minHold', { minHold: -1 }],
        ['maxHold', { ttl: 1_000, maxHold: 999 }],
      ];
      for (const [option, options] of wrong) {
        const error = await failure(registry.acquire(freshName(), options), Error);
        assert.match(error.message, new RegExp(`"${option}"`), JSON.stringify(options));
      }
    },
  },
  {
    name: 'refuses a registry whose times do not fit each other',
    covers: [8],
    run({ locks }) {
      assert.throws(() => locks({ ttl: 1_000, margin: 501 }), /"margin"/);
      assert.throws(() => locks({ ttl: 1_000, warnBefore: 667 }), /"warnBefore"/);
      assert.throws(() => locks({ ttl: -1 }), /"ttl"/);
      assert.throws(() => locks({ wait: NaN }), /"wait"/);
      return Promise.resolve();
    },
  },
  {
    name: 'tells of a lease its name, token and time of grant, which stay, and the time left, which a renewal changes',
    covers: [9],
    async run({ locks, freshName }) {
      const name = freshName();
      const lease = await locks({ ttl: 900, renew: false }).acquire(name);
      const { fencingToken, acquiredAt, remainingMs } = lease;
      assert(remainingMs > 0 && remainingMs < 900, `${remainingMs} ms left`);
      await lease.extend('5s');
      assert(lease.remainingMs > 1_000, `${lease.remainingMs} ms left`);
      assert.deepEqual([lease.name, lease.fencingToken, lease.acquiredAt], [name, fencingToken, acquiredAt]);
    },
  },
];

/** Every way to ask a registry for a lock. */
function entries(registry: Locks, name: string): ((options: LockOptions) => Promise<unknown>)[] {
  return [
    (options) => registry.acquire(name, options),
    (options) => registry.tryAcquire(name, options),
    (options) => registry.run(name, () => undefined, options),
  ];
}
