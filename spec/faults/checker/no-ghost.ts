import { askKey, type EventOf, type LockEvent, ofKind } from '../history/event.js';
import { type Hold, holdsIn } from '../history/holds.js';
import { type Criterion, ms } from './criterion.js';
import { stalledMs } from './stalls.js';

/** How long after an ask that failed, or a process that died, something of it may stand in the way. */
const GHOST_MS = 2_500;

/**
 * C6: who asks once for a lock that nobody holds or asks for gets it. An ask that failed may stand in the way for a while only, and
 * a lease that was released not at all.
 */
export const noGhost: Criterion = (history) => {
  const asks = asksIn(history);
  const holds = holdsIn(history);
  return asks
    .filter(({ asked, ended }) => asked.tries && ended.kind === 'busy')
    .filter(({ asked, ended }) => !hasReason(stalledMs(history, asked.who, asked.at - GHOST_MS, ended.at), asks, holds, asked, ended.at))
    .map(({ asked }) => ({
      criterion: 'C6',
      text: `${askKey(asked)} was told that ${asked.lock} is busy at ${ms(asked.at)}, and nobody had it`,
    }));
};

type Answer = EventOf<'granted' | 'busy' | 'failed'> | { readonly kind: 'never'; readonly at: number };

interface Ask {
  readonly asked: EventOf<'ask'>;
  readonly ended: Answer;
}

function asksIn(history: readonly LockEvent[]): Ask[] {
  const answers = new Map(
    [...ofKind(history, 'granted'), ...ofKind(history, 'busy'), ...ofKind(history, 'failed')].map((event) => [askKey(event), event]),
  );
  const deaths = new Map(ofKind(history, 'died').map(({ who, at }) => [who, at]));
  const never = (who: string): Answer => ({ kind: 'never', at: deaths.get(who) ?? Infinity });
  return ofKind(history, 'ask').map((asked) => ({ asked, ended: answers.get(askKey(asked)) ?? never(asked.who) }));
}

function hasReason(
  excusedMs: number,
  asks: readonly Ask[],
  holds: readonly Hold[],
  { ask, who, lock, at }: EventOf<'ask'>,
  answeredAt: number,
): boolean {
  const isOther = ({ asked }: Ask) => asked.lock === lock && askKey(asked) !== askKey({ who, ask });
  const isAskedFor = asks.some((other) => isOther(other) && other.asked.at <= answeredAt && endOf(other) + excusedMs >= at);
  const isHeld = holds.some(
    ({ lock: held, from, until, released }) =>
      held === lock && from <= answeredAt && (released?.kept === true ? released.at : until + GHOST_MS + excusedMs) >= at,
  );
  return isAskedFor || isHeld;
}

/** Until then an ask may stand in the way of others. */
function endOf({ ended }: Ask): number {
  return ended.kind === 'failed' || ended.kind === 'never' ? ended.at + GHOST_MS : ended.at;
}
