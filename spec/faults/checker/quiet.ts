import { type LockEvent, ofKind } from '../history/event.js';
import { type Criterion, ms, type Violation } from './criterion.js';
import { stalledMs } from './stalls.js';

const EXIT_WITHIN_MS = 1_000;

/**
 * C8: nothing is thrown where nobody can catch it, no body's error is replaced, and a process that has closed its locks has no more sockets,
 * timers and listeners than before, and ends by itself.
 */
export const quiet: Criterion = (history) => [
  ...ofKind(history, 'stray').map(({ who, error }) => found(`${who}: nobody handled ${error}`)),
  ...ofKind(history, 'replaced').map(({ who, thrown, got }) => found(`${who}: the body threw ${thrown} and its caller got ${got}`)),
  ...ofKind(history, 'left').map(({ who, what }) => found(`${who}: ${what} when all was closed`)),
  ...ofKind(history, 'closing').flatMap(({ who, at }) => exit(history, who, at)),
];

function exit(history: readonly LockEvent[], who: string, closedAt: number): Violation[] {
  if (ofKind(history, 'died').some((event) => event.who === who)) return [];
  const exited = ofKind(history, 'exited').find((event) => event.who === who);
  if (!exited?.clean) return [found(`${who} did not end by itself after ${ms(closedAt)}`)];
  const tookMs = exited.at - closedAt;
  const limitMs = EXIT_WITHIN_MS + stalledMs(history, 'director', closedAt, exited.at) + stalledMs(history, who, closedAt, exited.at);
  return tookMs <= limitMs ? [] : [found(`${who} took ${Math.round(tookMs)} ms to end after it had closed`)];
}

const found = (text: string): Violation => ({ criterion: 'C8', text });
