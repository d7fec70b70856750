import type { Violation } from '../checker/criterion.js';
import { stalledMs } from '../checker/stalls.js';
import { type LockEvent, ofKind } from '../history/event.js';
import { holdsIn } from '../history/holds.js';

/** A renewal every third of a ttl, and a quarter for its answer. */
const RENEWAL = 1 / 3 + 1 / 4;
const GRACE_MS = 150;
const TTL_MS = 800;

/**
 * Where the database answers all the time no lease may be taken for lost, but where its process, or the
 * director that carries the traffic, was away for as long as a renewal may take.
 */
export function lostInVain(criterion: string, history: readonly LockEvent[]): Violation[] {
  return ofKind(history, 'lost')
    .filter(({ who, at }) => [who, 'director'].reduce((sum, one) => sum + stalledMs(history, one, at - TTL_MS, at), 0) < TTL_MS / 3)
    .map(({ who, reason }) => ({ criterion, text: `${who} lost its lease: ${reason}` }));
}

/** Whoever lost the row by such faults must have stopped believing within one renewal, if the lock went to somebody else. */
export function lostWithinOneRenewal(criterion: string, history: readonly LockEvent[], isSuch: (what: string) => boolean): Violation[] {
  const holds = holdsIn(history);
  return ofKind(history, 'fault')
    .filter(({ what }) => isSuch(what))
    .flatMap(({ at }) => {
      const next = holds.find(({ from }) => from > at);
      return holds
        .filter(({ from, to }) => from < at && to > at && next !== undefined && next.from < to)
        .filter(({ holder, to }) => to - at > TTL_MS * RENEWAL + GRACE_MS + stalledMs(history, holder, at, to))
        .map(({ holder, to }) => ({ criterion, text: `${holder} believed for another ${Math.round(to - at)} ms` }));
    });
}
