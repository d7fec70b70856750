import type { Instant } from '../core/deadline.js';
import type { EngineParts } from './engine-parts.js';
import type { Holding } from './holding.js';

/** Whether the lock goes to another process now: while others wait, one process keeps it for `fairnessMs` at a time and no longer. */
export function mustYield(parts: EngineParts, holding: Holding, now: Instant): boolean {
  const { fairnessMs } = parts;
  if (holding.heldMs(now) < fairnessMs) return false;
  if (!holding.othersWait && now.monotonicMs - holding.lineSeenMs >= fairnessMs) void lookAtLine(parts, holding, now);
  return holding.othersWait;
}

async function lookAtLine({ store, terms, clock }: EngineParts, holding: Holding, now: Instant): Promise<void> {
  holding.lineSeenMs = now.monotonicMs;
  // Whoever is next here begins first: to send a statement takes longer than to pass the lock on.
  await clock.turn();
  try {
    const { answer } = await store.once({ name: 'look', timeoutMs: terms.claimMs, step: (statements) => statements.look([holding]) });
    holding.othersWait = (answer[0]?.waiters ?? 0) > 0;
  } catch {
    // The next bound looks again; the renewals tell as well.
  }
}
