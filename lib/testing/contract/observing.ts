import { strict as assert } from 'node:assert';
import type { LockEventName } from '../../contracts/observer.js';
import { LeaseLostError, LockBusyError, LockDeadlockError } from '../../core/errors.js';
import { currentLease } from '../../engine/held-context.js';
import { EXECUTION_SKIPPED } from '../../engine/run-locked.js';
import { recorded } from '../intercepted.js';
import type { Case } from './contract-case.js';
import { aborted, eventually, failure, inParallel } from './outcomes.js';

const watched = ['acquired', 'busy', 'renewed', 'lost', 'released', 'skipped', 'failed'] as const satisfies readonly LockEventName[];

/** What holders, callers and operators get to see. */
export const observing: readonly Case[] = [
  {
    name: 'knows the lease of the running function, and whether it is held, inside and afterwards',
    covers: [116],
    async run({ locks, freshName }) {
      const registry = locks();
      assert.equal(currentLease(), undefined);
      const lease = await registry.run(freshName(), (inside) => {
        assert.equal(currentLease(), inside);
        inside.assertHeld();
        return inside;
      });
      assert.equal(currentLease(), undefined);
      assert(typeof lease !== 'symbol');
      assert.throws(() => lease.assertHeld(), LeaseLostError);
    },
  },
  {
    name: 'does not wait for itself: a caller that holds the lock is refused at once, skipped or let in, as it says',
    covers: [86, 117],
    async run({ locks, freshName }) {
      const registry = locks();
      const name = freshName();
      const inner = () => 'ran';
      await registry.run(name, async () => {
        await failure(registry.run(name, inner), LockDeadlockError);
        await failure(registry.acquire(name), LockDeadlockError);
        await failure(registry.run(name, inner, { onBusy: 'fail' }), LockBusyError);
        assert.equal(await registry.run(name, inner, { onBusy: 'skip' }), EXECUTION_SKIPPED);
        assert.equal(await registry.tryAcquire(name), undefined);
        assert.equal(await registry.run(name, inner, { reentrant: true }), 'ran');
      });
    },
  },
  {
    name: 'tells of a call in order: acquired, then released; or busy, then skipped; and of a call within another nothing',
    covers: [117],
    async run({ locks, freshName }) {
      const registry = locks();
      const seen: string[] = [];
      for (const event of watched) registry.on(event, () => seen.push(event));
      const name = freshName();
      await registry.run(name, async () => {
        seen.push('began');
        await registry.run(name, () => seen.push('within'), { reentrant: true });
      });
      await locks().acquire(name);
      await registry.run(name, () => undefined, { onBusy: 'skip' });
      assert.deepEqual(seen, ['acquired', 'began', 'within', 'released', 'busy', 'skipped']);
    },
  },
  {
    name: 'gives listeners the facts: the lock, the token, and what was waited and held',
    covers: [117],
    async run({ locks, freshName, clock }) {
      const registry = locks({ polling: () => 10 });
      const name = freshName();
      const facts: object[] = [];
      registry.on('acquired', ({ lockName, token, waitMs, label }) => facts.push({ lockName, token, waited: waitMs >= 90, label }));
      registry.on('released', ({ lockName, token, heldMs }) => facts.push({ lockName, token, held: heldMs >= 40 }));
      const held = await locks().acquire(name);
      const acquiring = registry.acquire(name, { label: 'nightly' });
      await clock.sleep(100);
      await held.release();
      const lease = await acquiring;
      await clock.sleep(50);
      await lease.release();
      const { fencingToken: token } = lease;
      assert.deepEqual(facts, [
        { lockName: name, token, waited: true, label: 'nightly' },
        { lockName: name, token, held: true },
      ]);
    },
  },
  {
    name: 'changes nothing by being asked for a lock\u2019s state',
    covers: [118],
    async run({ locks, freshName, dialect }) {
      const { dialect: recording, steps } = recorded(dialect);
      const registry = locks({ dialect: recording });
      const name = freshName();
      await inParallel(100, 20, async () => assert.equal(await registry.inspect(name), undefined));
      assert.deepEqual(new Set(steps.filter((step) => step !== 'columns' && step !== 'create')), new Set(['list']));
      assert(!(await registry.list()).some((seen) => seen.name === name));
    },
  },
  {
    name: 'shows operators who holds what, since when, until when, and how many processes wait',
    covers: [118],
    async run({ locks, freshName, clock }) {
      const name = freshName();
      const lease = await locks({ holder: 'host 7' }).acquire(name, { ttl: '1m', label: 'nightly' });
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = [locks(), locks()].map((registry) => registry.acquire(name, { signal }).catch(() => undefined));
      const operator = locks();
      const seen = await eventually(clock, async () => (await operator.list()).find((one) => one.name === name && one.waiters === 2));
      const { acquiredAt, fencingToken } = lease;
      const expiresAt = new Date(acquiredAt.getTime() + 60_000);
      assert.deepEqual(seen, {
        name,
        fencingToken,
        holder: 'host 7',
        label: 'nightly',
        acquiredAt,
        expiresAt,
        releasedAt: undefined,
        revoked: false,
        waiters: 2,
      });
      assert.deepEqual(await operator.inspect(name), seen);
      controller.abort();
      await Promise.all(waiting);
    },
  },
  {
    name: 'revokes a lock without giving up exclusion: it is free when the lease ends, and its holder is told',
    covers: [118],
    async run({ locks, freshName }) {
      const [operator, other] = [locks(), locks()];
      const name = freshName();
      const lease = await locks().acquire(name, { ttl: 1_500 });
      assert.equal(await operator.forceRelease(name), true);
      assert.equal((await operator.inspect(name))?.revoked, true);
      assert.equal(await other.tryAcquire(name), undefined);
      await aborted(lease.signal);
      const next = await other.acquire(name);
      assert(next.acquiredAt.getTime() - lease.acquiredAt.getTime() >= 1_500);
      assert(next.fencingToken > lease.fencingToken);
      assert.equal(await operator.forceRelease(freshName()), false);
    },
  },
  {
    name: 'frees a lock at once by force, and its holder is told at its next renewal',
    covers: [118],
    async run({ locks, freshName }) {
      const [operator, other] = [locks(), locks()];
      const name = freshName();
      const lease = await locks().acquire(name, { ttl: 1_500 });
      assert.equal(await operator.forceRelease(name, { now: true }), true);
      const next = await other.acquire(name, { wait: 0 });
      assert(next.fencingToken > lease.fencingToken);
      await aborted(lease.signal);
      assert.equal((lease.signal.reason as LeaseLostError).reason, 'taken');
    },
  },
];
