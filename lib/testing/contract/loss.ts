import { strict as assert } from 'node:assert';
import { LeaseLostError } from '../../core/errors.js';
import { intercepted, notDone, recorded } from '../intercepted.js';
import type { Case, World } from './contract-case.js';
import { aborted, failure, rejection } from './outcomes.js';

/** How a holder learns that its lease is over. */
export const loss: readonly Case[] = [
  {
    name: 'does not abort the signal of a lease that is kept, nor at its release',
    covers: [61],
    async run({ locks, freshName, clock }) {
      const lease = await locks({ ttl: 900 }).acquire(freshName());
      const { signal } = lease;
      await clock.sleep(1_000);
      assert.deepEqual([signal.aborted, lease.held], [false, true]);
      assert.equal(await lease.release(), true);
      await clock.sleep(20);
      assert.equal(signal.aborted, false);
    },
  },
  {
    name: 'has aborted the signal already when it is asked for after the loss',
    covers: [63],
    async run({ locks, freshName, clock }) {
      const lease = await locks().acquire(freshName(), { ttl: 400, renew: false });
      await clock.sleep(450);
      assert.equal(lease.held, false);
      assert.equal(lease.signal.aborted, true);
      assert(lease.signal.reason instanceof LeaseLostError);
    },
  },
  {
    name: 'needs no statement to tell whether it is held, and releases while its signal is watched',
    covers: [64],
    async run({ locks, freshName, dialect }) {
      const { dialect: watched, steps } = recorded(dialect);
      const lease = await locks({ dialect: watched }).acquire(freshName());
      const before = steps.length;
      let noticed = 0;
      lease.signal.addEventListener('abort', () => noticed++);
      lease.assertHeld();
      assert.deepEqual([lease.held, lease.remainingMs > 0, steps.length], [true, true, before]);
      assert.equal(await lease.release(), true);
      assert.equal(noticed, 0);
    },
  },
  {
    name: 'aborts the signal under a function that runs, whose result comes with the error, and whose own error wins',
    covers: [66],
    async run(world) {
      const { freshName } = world;
      const registry = unreachable(world);
      const untilLost = async (signal: AbortSignal) => {
        await aborted(signal);
        return 'done all the same';
      };
      const lost = await failure(
        registry.run(freshName(), ({ signal }) => untilLost(signal)),
        LeaseLostError,
      );
      assert.deepEqual([lost.reason, lost.result], ['unreachable', 'done all the same']);
      const mine = new Error('my own');
      const failing = registry.run(freshName(), async ({ signal }) => {
        await untilLost(signal);
        throw mine;
      });
      assert.equal(await rejection(failing), mine);
      const ignoring = registry.run(freshName(), ({ signal }) => untilLost(signal), { onLost: 'ignore' });
      assert.equal(await ignoring, 'done all the same');
    },
  },
  {
    name: 'ensures that enough is left with one renewal, and with none where it is left already',
    covers: [68],
    async run({ locks, freshName, dialect, clock }) {
      const { dialect: watched, steps } = recorded(dialect);
      const lease = await locks({ dialect: watched }).acquire(freshName(), { ttl: 1_500, renew: false });
      const renewals = () => steps.filter((step) => step === 'renew').length;
      await lease.ensure(200);
      assert.equal(renewals(), 0);
      await lease.ensure('3s');
      assert.equal(renewals(), 1);
      assert(lease.remainingMs > 2_000, `${lease.remainingMs} ms left`);
      const brief = await locks().acquire(freshName(), { ttl: 400, renew: false });
      await clock.sleep(450);
      await failure(brief.ensure(1), LeaseLostError);
    },
  },
  {
    name: 'tells a holder whether its lock was taken, revoked by an operator, or out of reach',
    covers: [69, 118],
    async run(world) {
      const { locks, freshName } = world;
      const operator = locks();
      const reasonAfter = async (registry: ReturnType<typeof locks>, happens: (name: string) => Promise<unknown>) => {
        const name = freshName();
        const { signal } = await registry.acquire(name);
        await happens(name);
        await aborted(signal);
        return (signal.reason as LeaseLostError).reason;
      };
      const taken = async (name: string) => {
        await operator.forceRelease(name, { now: true });
        await operator.acquire(name);
      };
      assert.equal(await reasonAfter(locks({ ttl: 900 }), taken), 'taken');
      assert.equal(await reasonAfter(locks({ ttl: 900 }), (name) => operator.forceRelease(name)), 'revoked');
      assert.equal(await reasonAfter(unreachable(world), () => Promise.resolve()), 'unreachable');
    },
  },
];

/** A registry whose renewals fail. */
function unreachable({ locks, dialect }: World): ReturnType<World['locks']> {
  return locks({ ttl: 800, dialect: intercepted(dialect, (step, run) => (step === 'renew' ? Promise.reject(notDone()) : run())) });
}
