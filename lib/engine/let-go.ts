import { statementTimeout } from '../core/deadline.js';
import type { EngineParts } from './engine-parts.js';
import type { Holding } from './holding.js';
import type { Terms } from './options.js';
import type { Outgoing } from './releases.js';

/**
 * Sends the release of a holding that has ended here. False: the row was somebody else's already.
 *
 * Never rejects: a release that failed is an event, goes on in the background, and at the latest the lease ends by itself.
 */
export async function letGo(
  { releases, janitor, observer, clock }: EngineParts,
  holding: Holding,
  terms: Terms,
  restMs: number,
): Promise<boolean> {
  const { name, key, owner, usedToken, deadline } = holding;
  try {
    const release: Outgoing = { key, owner, usedToken, restMs, claimMs: Math.ceil(terms.claimMs), alone: !holding.othersWait };
    const wasOurs = await releases.send(release, {
      lockName: name,
      timeoutMs: statementTimeout(terms.ttlMs),
      remainingMs: () => deadline.monotonicMs - clock.now().monotonicMs,
    });
    if (holding.unsureUntilMs !== undefined) janitor.giveBack(holding, owner, terms, holding);
    return wasOurs;
  } catch (error) {
    observer.emit('failed', { lockName: name, step: 'release', error });
    janitor.giveBack(holding, owner, terms, holding);
    return true;
  }
}
