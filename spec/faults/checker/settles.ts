import { askKey, type EventOf, type Kind, type LockEvent, ofKind } from '../history/event.js';
import { type Criterion, ms, type Violation } from './criterion.js';
import { stalledMs } from './stalls.js';

const GRACE_MS = 100;

/** C7: every ask and every release settles within its own limit, whatever happens; of the dead nothing is expected. */
export const settles: Criterion = (history) => {
  const answers = new Map(ofKinds(history, ['granted', 'busy', 'failed']));
  const releases = new Map(ofKinds(history, ['released']));
  return [
    ...ofKind(history, 'ask').flatMap((begun) => overtime(history, begun, 'ask', answers.get(askKey(begun)))),
    ...ofKind(history, 'releasing').flatMap((begun) => overtime(history, begun, 'release', releases.get(askKey(begun)))),
  ];
};

function ofKinds(history: readonly LockEvent[], kinds: readonly Kind[]): (readonly [string, number])[] {
  return history.flatMap((event) => ('ask' in event && kinds.includes(event.kind) ? [[askKey(event), event.at] as const] : []));
}

function overtime(history: readonly LockEvent[], begun: EventOf<'ask' | 'releasing'>, what: string, settledAt = Infinity): Violation[] {
  if (settledAt - begun.at <= begun.limitMs + GRACE_MS) return [];
  if (settledAt === Infinity && ofKind(history, 'died').some(({ who }) => who === begun.who)) return [];
  const excusedMs = stalledMs(history, begun.who, begun.at, settledAt) + stalledMs(history, 'director', begun.at, settledAt);
  if (settledAt - begun.at <= begun.limitMs + GRACE_MS + excusedMs) return [];
  const after = settledAt === Infinity ? 'never settled' : `took ${Math.round(settledAt - begun.at)} ms`;
  return [
    { criterion: 'C7', text: `the ${what} of ${askKey(begun)} at ${ms(begun.at)} ${after}; its limit was ${Math.round(begun.limitMs)} ms` },
  ];
}
