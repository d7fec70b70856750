import { statementTimeout } from '../core/deadline.js';
import type { EngineParts } from './engine-parts.js';
import type { Holding } from './holding.js';
import type { Terms } from './options.js';

/**
 * Sends the release of a holding that has ended here. False: the row was somebody else's already.
 *
 * Never rejects: a release that failed is an event, goes on in the background, and at the latest the lease ends by itself.
 */
export async function letGo(
  { store, janitor, observer, clock }: EngineParts,
  holding: Holding,
  terms: Terms,
  restMs: number,
): Promise<boolean> {
  const { name, key, owner, usedToken } = holding;
  const { deadline } = holding;
  try {
    const { answer, unsureUntilMs } = await store.run({
      name: 'release',
      urgent: true,
      lockName: name,
      timeoutMs: statementTimeout(terms.ttlMs),
      remainingMs: () => deadline.monotonicMs - clock.now().monotonicMs,
      step: (statements) => statements.release({ key, owner, usedToken, restMs, claimMs: Math.ceil(terms.claimMs) }),
    });
    if (holding.unsureUntilMs !== undefined) janitor.giveBack(holding, owner, terms, holding);
    // After an attempt without an answer, no row means that that attempt had done it.
    return answer || unsureUntilMs !== undefined;
  } catch (error) {
    observer.emit('failed', { lockName: name, step: 'release', error });
    janitor.giveBack(holding, owner, terms, holding);
    return true;
  }
}
