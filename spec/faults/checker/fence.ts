import { type EventOf, ofKind } from '../history/event.js';
import type { Criterion, Violation } from './criterion.js';

/**
 * C3: the writes that the ledger accepted have tokens that never fall, in the order in which it accepted them, and none overwrote
 * another: each is one more than the one before.
 */
export const fence: Criterion = (history) => {
  const violations: Violation[] = [];
  const last = new Map<string, EventOf<'accepted'>>();
  for (const write of ofKind(history, 'accepted').sort((one, other) => one.sequence - other.sequence)) {
    const before = last.get(write.lock);
    if (before && write.token < before.token)
      violations.push({ criterion: 'C3', text: `${write.lock}: a write with token ${write.token} landed after one with ${before.token}` });
    if (write.value !== (before?.value ?? 0) + 1)
      violations.push({ criterion: 'C3', text: `${write.lock}: ${write.value} was written over ${before?.value ?? 0}: an update is lost` });
    last.set(write.lock, write);
  }
  return violations;
};
