import type { Instant } from '../core/deadline.js';
import type { Holding } from './holding.js';
import type { Terms } from './options.js';

export type Fit = 'fits' | 'renew first' | 'let go';

/** Whether the rest of a lease is what the next caller asked for. */
export function fitOf(holding: Holding, { ttlMs, renew, marginMs }: Terms, now: Instant): Fit {
  const leftMs = holding.remainingMs(now);
  if (leftMs > ttlMs * 2) return 'let go';
  // Just granted or renewed for this ttl: only what the statement took is missing, and more than half would be too much.
  if (holding.readiedFor === ttlMs) return leftMs >= ttlMs / 2 - marginMs ? 'fits' : 'let go';
  return leftMs >= (renew ? ttlMs / 2 : ttlMs * 0.9 - marginMs) ? 'fits' : 'renew first';
}
