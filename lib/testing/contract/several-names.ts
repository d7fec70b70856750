import { strict as assert } from 'node:assert';
import { type LeaseLostError, LockTimeoutError } from '../../core/errors.js';
import { LeaseSet } from '../../engine/lease-set.js';
import { intercepted, refused } from '../intercepted.js';
import type { Case } from './contract-case.js';
import { aborted, duration, eventually, failure, granted, numbers, readied } from './outcomes.js';

/** Several locks taken together. */
export const severalNames: readonly Case[] = [
  {
    name: 'takes all of its names or none, whether it waits or not',
    covers: [112],
    async run({ locks, freshName }) {
      const [one, other] = [locks(), locks()];
      const [free, busy] = [`${freshName()} a`, `${freshName()} b`].sort() as [string, string];
      await other.acquire(busy);
      assert.equal(await one.tryAcquire([free, busy]), undefined);
      await granted(await other.tryAcquire(free)).release();
      await failure(one.acquire([busy, free], { wait: 0 }), LockTimeoutError);
      granted(await other.tryAcquire(free));
    },
  },
  {
    name: 'waits for all of its names together no longer than it was told',
    covers: [112],
    async run({ locks, freshName, clock }) {
      const [one, other] = [await readied({ locks, freshName }, { polling: () => 10 }), locks()];
      const names = [freshName(), freshName()].sort();
      const [first] = await Promise.all(names.map((name) => other.acquire(name)));
      const tookMs = await duration(clock, async () => {
        const acquiring = failure(one.acquire(names, { wait: 1_000 }), LockTimeoutError);
        await clock.sleep(700);
        await first?.release();
        await acquiring;
      });
      assert(tookMs >= 999 && tookMs < 1_600, `after ${tookMs} ms`);
      await eventually(clock, () => other.tryAcquire(names[0] ?? ''));
    },
  },
  {
    name: 'takes a name that is given twice once, in byte order, and lets go in reverse',
    covers: [112],
    async run({ locks, freshName }) {
      const registry = locks();
      const name = freshName();
      const lease = await registry.acquire([`${name} b`, `${name} a`, `${name} b`]);
      assert(lease instanceof LeaseSet);
      assert.deepEqual(
        lease.leases.map((one) => one.name),
        [`${name} a`, `${name} b`],
      );
      assert.throws(() => lease.fencingToken, TypeError);
      const released: string[] = [];
      registry.on('released', ({ lockName }) => released.push(lockName));
      assert.equal(await lease.release(), true);
      assert.deepEqual(released, [`${name} b`, `${name} a`]);
    },
  },
  {
    name: 'releases the rest when one release fails',
    covers: [112],
    async run({ locks, freshName, dialect }) {
      const name = freshName();
      let releases = 0;
      const faulty = intercepted(dialect, (step, run) =>
        step.startsWith('release') && ++releases === 1 ? Promise.reject(refused()) : run(),
      );
      const registry = locks({ dialect: faulty });
      const failed: (string | undefined)[] = [];
      registry.on('failed', ({ lockName }) => failed.push(lockName));
      const lease = await registry.acquire([`${name} a`, `${name} b`]);
      await lease.release();
      assert.deepEqual(failed, [`${name} b`]);
      granted(await locks().tryAcquire(`${name} a`));
    },
  },
  {
    name: 'never waits for itself in a circle, whatever order the names are given in',
    covers: [112],
    async run({ locks, freshName }) {
      const [one, other] = [locks({ polling: () => 10 }), locks({ polling: () => 10 })];
      const names = [freshName(), freshName()];
      let inside = 0;
      const visit = async () => {
        assert.equal(++inside, 1);
        await Promise.resolve();
        inside--;
      };
      await Promise.all(numbers(20).flatMap(() => [one.run(names, visit), other.run(names.toReversed(), visit)]));
    },
  },
  {
    name: 'aborts its signal when any of its locks is lost',
    covers: [113],
    async run({ locks, freshName }) {
      const names = [freshName(), freshName()].sort();
      const lease = await locks({ ttl: 900 }).acquire(names);
      await locks().forceRelease(names[1] ?? '');
      await aborted(lease.signal);
      const reason = lease.signal.reason as LeaseLostError;
      assert.deepEqual([reason.lockName, reason.reason, lease.held], [names[1], 'revoked', false]);
      assert.equal(await lease.release(), false);
      granted(await locks().tryAcquire(names[0] ?? ''));
    },
  },
];
