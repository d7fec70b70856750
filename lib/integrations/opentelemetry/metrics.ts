import type { Meter } from '@opentelemetry/api';
import { errorTypeOf } from './error-type.js';
import type { Group } from './group.js';
import { Level } from './level.js';
import { listen } from './listen.js';
import { leaseId } from './open.js';

/** Keeps the instruments up to date until stopped. */
export function recordMetrics(meter: Meter, groupOf: Group): () => void {
  const stops = [countEvents(meter, groupOf), measure(meter, groupOf)];
  return () => {
    for (const stop of stops) stop();
  };
}

/** What happened, and how often. */
function countEvents(meter: Meter, groupOf: Group): () => void {
  const counter = (name: string, unit: string, description: string) => meter.createCounter(name, { unit, description });
  const acquired = counter('lock.acquired', '{lease}', 'Leases that began.');
  const busy = counter('lock.busy', '{call}', 'Calls that did not want to wait for a lock that was held.');
  const skipped = counter('lock.skipped', '{call}', "Bodies that did not run, with onBusy: 'skip'.");
  const lost = counter('lock.lost', '{lease}', 'Leases that ended under their holder.');
  const overdue = counter('lock.renewal.failed', '{renewal}', 'Renewals that failed while the lease was still held.');
  const failed = counter('lock.step.failed', '{step}', 'Steps that failed with nobody to be told by an error.');
  return listen({
    acquired: ({ lockName }) => acquired.add(1, { 'lock.group': groupOf(lockName) }),
    busy: ({ lockName }) => busy.add(1, { 'lock.group': groupOf(lockName) }),
    skipped: ({ lockName }) => skipped.add(1, { 'lock.group': groupOf(lockName) }),
    lost: ({ lockName, reason }) => lost.add(1, { 'lock.group': groupOf(lockName), 'lock.loss.reason': reason }),
    overdue: ({ lockName, error }) => overdue.add(1, { 'lock.group': groupOf(lockName), 'error.type': errorTypeOf(error) }),
    failed({ lockName, step, error }) {
      const group = lockName === undefined ? {} : { 'lock.group': groupOf(lockName) };
      failed.add(1, { ...group, 'lock.step': step, 'error.type': errorTypeOf(error) });
    },
  });
}

/** Seconds: from a hand-over inside the process to a job of an hour. */
const BOUNDARIES = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600];

/** How long it took, and how much of it goes on now. */
function measure(meter: Meter, groupOf: Group): () => void {
  const seconds = (name: string, description: string) =>
    meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: BOUNDARIES } });
  const waits = seconds('lock.wait.duration', 'From the call until it had the lock, or was refused it.');
  const holds = seconds('lock.hold.duration', 'From the grant of a lease until its release, or its loss.');
  const waiting = new Level(meter, 'lock.waiting', '{call}', 'Calls that wait for a lock now.');
  const held = new Level(meter, 'lock.held', '{lease}', 'Leases that are held now.');
  const stop = listen({
    waiting: ({ registry, caller, lockName }) => waiting.begin(registry, String(caller), groupOf(lockName)),
    acquired(message) {
      const group = groupOf(message.lockName);
      waiting.end(message.registry, String(message.caller));
      held.begin(message.registry, leaseId(message), group);
      waits.record(message.waitMs / 1_000, { 'lock.group': group });
    },
    refused({ registry, caller, lockName, waitMs, error }) {
      waiting.end(registry, String(caller));
      waits.record(waitMs / 1_000, { 'lock.group': groupOf(lockName), 'error.type': errorTypeOf(error) });
    },
    released(message) {
      held.end(message.registry, leaseId(message));
      holds.record(message.heldMs / 1_000, { 'lock.group': groupOf(message.lockName) });
    },
    lost(message) {
      // One that was found to be somebody else's by its release has been measured already.
      if (!held.end(message.registry, leaseId(message))) return;
      holds.record(message.heldMs / 1_000, { 'lock.group': groupOf(message.lockName), 'error.type': 'LEASE_LOST' });
    },
  });
  return () => {
    stop();
    waiting.stop();
    held.stop();
  };
}
