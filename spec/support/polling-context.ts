import type { PollingContext } from '../../lib/contracts/polling-policy.js';

/** What a polling policy sees, where a spec says no more than what it is about. */
export const seen = (facts: Partial<PollingContext> = {}): PollingContext => ({
  lockName: 'invoices',
  attempt: 1,
  attemptSinceMove: 1,
  ahead: 0,
  elapsedMs: 0,
  previousDelayMs: 0,
  holderRemainingMs: undefined,
  waitRemainingMs: 60_000,
  random: () => 0.5,
  ...facts,
});
