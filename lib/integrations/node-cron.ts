import type { RunCoordinator } from 'node-cron';
import { parseDuration } from '../core/duration.js';
import { isLockRegistry } from '../is-lock-registry.js';
import type { LockRegistry } from '../lock-registry.js';

/**
 * Decides for node-cron 4 which instance runs a tick: a task with `distributed: true` runs at most once per fire time over all instances whose
 * registries are on one database.
 *
 * The first instance that asks runs the tick, and what the others hear is no, for `distributedLease` and never for less than a minute. This must be
 * longer than the instances' clocks differ, and need not last as long as the run. Where the database cannot be reached nobody runs the tick:
 * `shouldRun` rejects within seconds and node-cron emits `execution:skipped` with `coordinator-error`. A tick whose instance dies is not run again.
 *
 * Runs of different ticks may overlap, as in node-cron: give the task a function made by `withLock` with `onBusy: 'skip'` where they must not.
 *
 * `shouldRun` rejects with a `RangeError` for a `distributedLease` of more than 12 hours, and else as `LockRegistry.tryAcquire` does.
 *
 * @throws {TypeError} at once: not a registry
 *
 * @example
 * cron.setRunCoordinator(runCoordinator(locks));
 * cron.schedule('0 3 * * *', writeReport, { name: 'nightly-report', distributed: true });
 */
export function runCoordinator(locks: LockRegistry): RunCoordinator {
  if (!isLockRegistry(locks)) throw new TypeError(`runCoordinator() needs a LockRegistry; got ${typeof locks}.`);
  // No onComplete: what a run gave back when it is done, an instance whose clock is late would take for the same tick.
  return { shouldRun: (tick, leaseMs) => claim(locks, tick, leaseMs) };
}

// Only a late instance ever asks for the tick again, so a long rest holds up nobody. It also has to outlast an ask that is tried again for 5 s.
const SHORTEST_REST_MS = 60_000;

// The same lock is wanted again a day later, by an instance whose clock is perhaps early and after one that was perhaps late.
const LONGEST_REST_MS = 12 * 3_600_000;

async function claim(locks: LockRegistry, tick: string, leaseMs: number): Promise<boolean> {
  const restMs = Math.max(SHORTEST_REST_MS, parseDuration('distributedLease', leaseMs, { max: LONGEST_REST_MS }));
  const lease = await locks.tryAcquire(lockOf(tick), { ttl: restMs, minHold: restMs, maxHold: Infinity, renew: false, label: tick });
  // The lock rests in the database from here on: a registry that is closed, or a process that dies, does not give it back. The run need not wait
  // for it (this never rejects): if the release fails, the lease lasts as long.
  void lease?.release();
  return lease !== undefined;
}

const taskAndTime = /^(.+):\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\.\d{3}Z$/s;

/**
 * The lock of a tick: its task, and its time of day in UTC.
 *
 * One lock for all ticks of a task would rest when the next tick comes, or be free when a late instance asks. One for each date would leave a row
 * behind each time. The times of a day come back every day, so a task has as many rows as it has ticks a day and no more: a nightly one has one.
 *
 * @throws {TypeError} not what node-cron 4 calls a tick
 */
function lockOf(tick: string): string {
  const [, task, time] = taskAndTime.exec(tick) ?? [];
  if (task === undefined || time === undefined)
    throw new TypeError(`A tick must be "<task>:<fire time in ISO 8601>", as node-cron 4 names it; got "${tick}".`);
  return `node-cron:${task}@${time}`;
}
