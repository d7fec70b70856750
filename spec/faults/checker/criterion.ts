import type { LockEvent } from '../history/event.js';

/** What a history has against a lock. */
export interface Violation {
  readonly criterion: string;
  /** What happened, with names, tokens and times. */
  readonly text: string;
}

/** Pure: finds what contradicts one rule in a history, and makes up nothing where events are missing. */
export type Criterion = (history: readonly LockEvent[]) => Violation[];

/** A time of a history, for people. */
export const ms = (at: number) => `${at.toFixed(1)} ms`;
