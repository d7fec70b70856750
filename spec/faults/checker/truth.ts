import { askKey, type EventOf, type LockEvent, ofKind } from '../history/event.js';
import { type Hold, holdsIn } from '../history/holds.js';
import { type Criterion, ms, type Violation } from './criterion.js';
import { stalledMs } from './stalls.js';

/** Of runnable time: one turn of a timer. */
const SIGNAL_WITHIN_MS = 50;
/** Two readings of a clock are no closer than this. */
const READING_MS = 2;

/** C5: past its deadline a lease says at once that it is not held, and its signal follows. */
export const truth: Criterion = (history) => {
  const holds = new Map(holdsIn(history).map((hold) => [askKey({ who: hold.holder, ask: hold.ask }), hold]));
  return ofKind(history, 'seen').flatMap((seen) => lies(history, seen, holds.get(askKey(seen))));
};

function lies(history: readonly LockEvent[], seen: EventOf<'seen'>, hold: Hold | undefined): Violation[] {
  if (!hold) return [];
  const pastMs = seen.at - hold.until;
  const stalled = stalledMs(history, seen.who, hold.until - SIGNAL_WITHIN_MS, seen.at);
  const tell = (text: string) => [
    { criterion: 'C5', text: `${askKey(seen)}, ${Math.round(pastMs)} ms past its deadline, ${text} at ${ms(seen.at)}` },
  ];
  if (seen.held && pastMs > READING_MS) return tell('said that it was held');
  // A release is no loss, and it may take its time.
  const wasReleasing = hold.to < hold.until;
  if (!seen.aborted && !wasReleasing && pastMs > SIGNAL_WITHIN_MS + stalled) return tell('had not aborted its signal');
  return [];
}
