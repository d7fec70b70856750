import { statementTimeout } from '../core/deadline.js';
import type { EngineParts } from './engine-parts.js';
import type { Holding } from './holding.js';
import type { Terms } from './options.js';
import type { Outgoing } from './releases.js';

/** Who had the lock for longer is likelier to have made others wait, whom only the full release wakes. */
const BRIEFLY_MS = 100;

/**
 * Sends the release of a holding that has ended here. False: the row was somebody else's already.
 *
 * Never rejects: a release that failed is an event, goes on in the background unless the lock is to rest, and at the latest the lease ends by itself.
 */
export async function letGo(
  { releases, freed, janitor, observer, clock }: EngineParts,
  holding: Holding,
  terms: Terms,
  restMs: number,
): Promise<boolean> {
  const { name, key, owner, usedToken, deadline } = holding;
  try {
    const alone = restMs === 0 && !holding.othersWait && holding.heldMs(clock.now()) < BRIEFLY_MS;
    const release: Outgoing = { key, owner, usedToken, restMs, claimMs: Math.ceil(terms.claimMs), alone };
    const wasOurs = await releases.send(release, {
      lockName: name,
      timeoutMs: statementTimeout(terms.ttlMs),
      remainingMs: () => deadline.monotonicMs - clock.now().monotonicMs,
    });
    if (alone && wasOurs) freed.note(key);
    if (holding.unsureUntilMs !== undefined) janitor.giveBack(holding, owner, terms, holding);
    return wasOurs;
  } catch (error) {
    observer.emit('failed', { lockName: name, step: 'release', error });
    // What is to rest is left to its lease, which lasts at least as long: given back, it would be free at once.
    if (restMs === 0) janitor.giveBack(holding, owner, terms, holding);
    return true;
  }
}
