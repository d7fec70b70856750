import type { Violation } from '../checker/criterion.js';
import { type LockEvent, ofKind } from '../history/event.js';
import { ALL, type Fault } from '../support/fault.js';

/** The wall clock has gone on by two ttls and the monotonic one has not: what a machine sees that was suspended. */
export const fault: Fault = {
  id: 'F6',
  title: 'machine of the holder suspended for two ttls',
  databases: ['postgres', 'faketime', 'sqlite', 'mariadb', 'mysql'],
  criteria: ALL,

  async inject(world) {
    for (let times = 0; times < 2; times++) {
      await world.ambush('writing', { do: 'jump', ms: world.ttlMs * 2 });
      await world.grants(3);
    }
  },

  judge: believers,
};

/** The first look of each after its machine woke. */
function believers(history: readonly LockEvent[]): Violation[] {
  return ofKind(history, 'fault').flatMap(({ at, who }) => {
    const seen = ofKind(history, 'seen').find((event) => event.who === who && event.at >= at);
    return seen?.held === false ? [] : [{ criterion: 'C5', text: `${who} believed in its lease after it had been suspended` }];
  });
}
