import { type LockEvent, ofKind } from '../history/event.js';

/**
 * For how long `who` could not run between two times, by its own timers that came too late. Limits are about the lock and not about a busy
 * machine, so they are extended by it.
 */
export function stalledMs(history: readonly LockEvent[], who: string, from: number, to: number): number {
  return ofKind(history, 'late')
    .filter((event) => event.who === who)
    .reduce((sum, { at, ms }) => sum + Math.max(0, Math.min(at, to) - Math.max(at - ms, from)), 0);
}
