import { violationsIn } from '../../../lib/testing/history.js';
import { askKey, type LockEvent, ofKind } from '../history/event.js';
import { holdsIn } from '../history/holds.js';
import { type Criterion, ms, type Violation } from './criterion.js';

/** C2: nobody believes to hold a lock while somebody else does, and no write is refused to one who holds it. */
export const belief: Criterion = (history) => [...overlapsIn(history), ...refusalsIn(history)];

function overlapsIn(history: readonly LockEvent[]): Violation[] {
  return violationsIn(holdsIn(history))
    .filter(({ kind }) => kind === 'overlap')
    .map(({ first, second }) => ({
      criterion: 'C2',
      text: `${second.lock}: ${second.holder} had it from ${ms(second.from)}, and ${first.holder} believed in it until ${ms(first.to)}`,
    }));
}

/** A fence turns away who is not the last one to have been granted the lock, which a holder is. */
function refusalsIn(history: readonly LockEvent[]): Violation[] {
  return ofKind(history, 'written')
    .filter(({ accepted, held }) => !accepted && held)
    .map((event) => ({ criterion: 'C2', text: `${askKey(event)} held its lease and its write was refused at ${ms(event.at)}` }));
}
