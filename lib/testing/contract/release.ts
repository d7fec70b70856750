import { strict as assert } from 'node:assert';
import { type LeaseLostError, LockRegistryClosedError } from '../../core/errors.js';
import { intercepted, notDone, outcomeUnknown, refused } from '../intercepted.js';
import type { Case, World } from './contract-case.js';
import { aborted, eventually, failure, granted, isPending, rejection } from './outcomes.js';

/** How a lock is let go. */
export const release: readonly Case[] = [
  {
    name: 'says so when the lock was somebody else\u2019s at its release, and changes nothing',
    covers: [71],
    async run({ locks, freshName }) {
      const [one, other] = [locks(), locks()];
      const name = freshName();
      const first = await one.acquire(name);
      await other.forceRelease(name, { now: true });
      const second = await other.acquire(name);
      const before = await other.inspect(name);
      assert.equal(await first.release(), false);
      assert.equal((first.signal.reason as LeaseLostError | undefined)?.reason, 'taken');
      assert.deepEqual(await other.inspect(name), before);
      assert.equal(await second.release(), true);
    },
  },
  {
    name: 'tries a release again while the database fails for a moment',
    covers: [72],
    async run(world) {
      const name = world.freshName();
      const lease = await failing(world, (times) => (times <= 2 ? notDone() : undefined)).acquire(name);
      assert.equal(await lease.release(), true);
      granted(await world.locks().tryAcquire(name));
    },
  },
  {
    name: 'gives the lock back later when a release failed for good, tells the registry, and can take it again',
    covers: [72],
    async run(world) {
      const name = world.freshName();
      let healed = false;
      const registry = failing(world, () => (healed ? undefined : refused()));
      const failed: string[] = [];
      registry.on('failed', ({ lockName, step }) => failed.push(`${step} of ${lockName ?? ''}`));
      const lease = await registry.acquire(name);
      await lease.release();
      assert.equal(lease.held, false);
      assert(failed.includes(`release of ${name}`), failed.join());
      assert.equal(await world.locks().tryAcquire(name), undefined);
      healed = true;
      granted(await eventually(world.clock, () => registry.tryAcquire(name)));
    },
  },
  {
    name: 'knows a release for its own whose first answer was lost',
    covers: [73],
    async run({ locks, freshName, dialect }) {
      const name = freshName();
      let losses = 0;
      const faulty = intercepted(dialect, async (step, run) => {
        const rows = await run();
        if (step.startsWith('release') && losses++ === 0) throw outcomeUnknown();
        return rows;
      });
      const lease = await locks({ dialect: faulty }).acquire(name);
      assert.equal(await lease.release(), true);
      assert.equal(lease.signal.aborted, false);
      granted(await locks().tryAcquire(name));
    },
  },
  {
    name: 'lets the error of the function through unchanged when the release fails too, and tells of that by an event',
    covers: [74],
    async run(world) {
      const registry = failing(world, () => refused());
      const failed: string[] = [];
      registry.on('failed', ({ step }) => failed.push(step));
      const mine = new Error('my own');
      assert.equal(await rejection(registry.run(world.freshName(), () => Promise.reject(mine))), mine);
      assert.deepEqual(failed.slice(0, 1), ['release']);
    },
  },
  {
    name: 'closes: refuses who waits and who comes, and lets a holder finish',
    covers: [77],
    async run({ locks, freshName, clock }) {
      const [registry, other] = [locks(), locks()];
      const name = freshName();
      const lease = await registry.acquire(name);
      const waiting = [registry.acquire(name), registry.acquire(name)].map((acquiring) => failure(acquiring, LockRegistryClosedError));
      const closing = registry.close({ grace: '5s' });
      await Promise.all(waiting);
      await failure(registry.acquire(freshName()), LockRegistryClosedError);
      assert(await isPending(clock, closing, 50));
      assert.deepEqual([lease.held, lease.signal.aborted], [true, false]);
      assert.equal(await lease.release(), true);
      await closing;
      granted(await other.tryAcquire(name));
    },
  },
  {
    name: 'closes: ends the leases of those still at it when the grace is over, frees their locks, and a late release harms nobody',
    covers: [77],
    async run({ locks, freshName }) {
      const [registry, other] = [locks(), locks()];
      const name = freshName();
      const lease = await registry.acquire(name);
      const closing = registry.close({ grace: 100 });
      await aborted(lease.signal);
      assert.equal((lease.signal.reason as LeaseLostError).reason, 'closed');
      await closing;
      const next = granted(await other.tryAcquire(name));
      assert.equal(await lease.release(), false);
      assert.equal(await next.release(), true);
    },
  },
  {
    name: 'closes: releases although the database is in its way at first',
    covers: [78],
    async run(world) {
      const name = world.freshName();
      const registry = failing(world, (times) => (times <= 2 ? notDone() : undefined));
      await registry.acquire(name);
      await registry.close({ grace: 100 });
      granted(await eventually(world.clock, () => world.locks().tryAcquire(name)));
    },
  },
];

/** A registry that cannot let go, as `how` says of each time. */
function failing({ locks, dialect }: World, how: (times: number) => Error | undefined): ReturnType<World['locks']> {
  let times = 0;
  const faulty = intercepted(dialect, (step, run) => {
    const error = step.startsWith('release') || step === 'leave' ? how(++times) : undefined;
    return error ? Promise.reject(error) : run();
  });
  return locks({ dialect: faulty });
}
