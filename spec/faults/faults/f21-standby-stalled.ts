import type { Violation } from '../checker/criterion.js';
import { type LockEvent, ofKind } from '../history/event.js';
import { ALL, type Fault } from '../support/fault.js';

const TTL_MS = 800;
const TOLERANCE_MS = 1_000;
const LOOK_EVERY_MS = 50;
const STALLED = 'standby stalled';

/**
 * The synchronous standby does not answer, so no COMMIT is answered; and an operator cancels the wait, after which the server says that all
 * is well, although only one of the two has it.
 */
export const fault: Fault = {
  id: 'F21',
  title: 'synchronous standby stalled, and the wait for it cancelled',
  databases: ['standby'],
  criteria: ALL,
  ttlMs: TTL_MS,
  prepare: async ({ scene }) => scene.pair?.synchronous(),

  async inject(world) {
    world.fault(STALLED);
    world.scene.pair?.replication.blackHole();
    for (let passedMs = 0; passedMs < world.ttlMs * 3; passedMs += LOOK_EVERY_MS) {
      await world.sleep(LOOK_EVERY_MS);
      if (((await world.scene.pair?.cancelWaits()) ?? 0) > 0) world.fault('wait for the standby cancelled');
    }
    world.scene.pair?.replication.heal();
    world.over(STALLED, TOLERANCE_MS);
    await world.grants(2);
  },

  judge: grantsMeanwhile,
};

/** What was granted before may be handed on inside its process, for the rest of its lease. */
function grantsMeanwhile(history: readonly LockEvent[]): Violation[] {
  const from = ofKind(history, 'fault').find(({ what }) => what === STALLED)?.at ?? 0;
  const until = ofKind(history, 'over').find(({ what }) => what === STALLED)?.at ?? Infinity;
  const granted = ofKind(history, 'granted').filter(({ at }) => at > from + TTL_MS && at < until);
  return granted.map(({ who }) => ({ criterion: 'F21', text: `${who} was granted what the standby did not have` }));
}
