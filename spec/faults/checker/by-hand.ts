import type { Facts, LockEvent } from '../history/event.js';

/** An event of a history that is written by hand; everything is about the lock `x`. */
export const event = (at: number, who: string, facts: Facts): LockEvent => ({ at, who, ...facts });

/** A lease: asked for at `sent`, known at `from`, released from `to` on. */
export function lease(who: string, ask: number, token: number, [sent, from, to]: readonly [number, number, number]): LockEvent[] {
  return [
    event(sent, who, { kind: 'ask', ask, lock: 'x', tries: false, limitMs: 1_000 }),
    event(from, who, { kind: 'granted', ask, token, until: sent + 1_000 }),
    event(to, who, { kind: 'releasing', ask, limitMs: 500 }),
    event(to + 1, who, { kind: 'released', ask, kept: true }),
  ];
}

/** Histories as `readHistory` gives them. */
export const inOrder = (...parts: readonly (LockEvent | readonly LockEvent[])[]): LockEvent[] =>
  parts.flat().sort((one, other) => one.at - other.at);

/** Events of the director's. */
export const director = (at: number, facts: Facts): LockEvent => event(at, 'director', facts);
