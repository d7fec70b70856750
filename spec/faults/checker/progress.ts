import { type EventOf, type LockEvent, ofKind } from '../history/event.js';
import { type Hold, holdsIn } from '../history/holds.js';
import { type Criterion, ms, type Violation } from './criterion.js';
import { stalledMs } from './stalls.js';

/** C4: after a fault is over, somebody who waits is granted the lock within the limit that the fault names. */
export const progress: Criterion = (history) => {
  const holds = holdsIn(history);
  return ofKind(history, 'over').flatMap((over) => tooLate(history, over, holds));
};

function tooLate(history: readonly LockEvent[], over: EventOf<'over'>, holds: readonly Hold[]): Violation[] {
  const next = holds.find(({ lock, from }) => lock === over.lock && from > over.at);
  if (!next) return [{ criterion: 'C4', text: `${over.lock}: nobody was granted it after «${over.what}» was over at ${ms(over.at)}` }];
  const tookMs = next.from - over.at;
  const excusedMs = stalledMs(history, next.holder, over.at, next.from) + stalledMs(history, 'director', over.at, next.from);
  if (tookMs <= over.limitMs + excusedMs) return [];
  const limit = `${Math.round(over.limitMs)} ms (and ${Math.round(excusedMs)} ms of a busy machine)`;
  return [
    {
      criterion: 'C4',
      text: `${over.lock}: ${Math.round(tookMs)} ms from the end of «${over.what}» to the next grant, more than ${limit}`,
    },
  ];
}

/** The longest time in which nobody was granted a lock, while the history lasted. */
export function longestGapMs(history: readonly LockEvent[]): number {
  const grants = ofKind(history, 'granted');
  return grants.slice(1).reduce((longest, { at }, before) => Math.max(longest, at - (grants[before]?.at ?? at)), 0);
}
