import type { AskAnswer, Claim, Grant } from '../contracts/dialect.js';
import { statementTimeout } from '../core/deadline.js';
import { LockStoreError, type Occupant } from '../core/errors.js';
import type { EngineParts, NamedLock } from './engine-parts.js';
import { toOccupant } from './occupant.js';
import type { Terms } from './options.js';
import type { Answered } from './store.js';

/** What the database gave: a row to an owner id. */
export interface Granted {
  readonly owner: string;
  readonly terms: Terms;
  readonly answered: Answered<Grant>;
}

/**
 * Asks once, without standing in line. Who only meets others that are faster at the row is answered busy.
 *
 * @throws {LockStoreError} the database failed; what it may have granted is given back
 */
export async function askOnce(parts: EngineParts, lock: NamedLock, terms: Terms): Promise<{ granted?: Granted; occupant: Occupant }> {
  const { store, janitor, ids, clock } = parts;
  const budgetMs = statementTimeout(terms.ttlMs);
  const began = clock.now().monotonicMs;
  // The second time only if the first ran after its not-after: the clocks' offset had changed, and that answer told the new one.
  for (let tries = 1; ; tries++) {
    const owner = ids.next();
    const last = { raced: false };
    try {
      const answered = await store.run({
        name: 'ask',
        lockName: lock.name,
        timeoutMs: budgetMs,
        remainingMs: () => budgetMs - (clock.now().monotonicMs - began),
        failed: (failing) => (last.raced = failing === undefined),
        step: (statements, notAfter) => statements.ask(claimOf(parts, lock, owner, terms, notAfter)),
      });
      const { answer } = answered;
      learn(parts, answered);
      const { unsureUntilMs } = answered;
      if (answer.kind !== 'granted' && unsureUntilMs !== undefined) janitor.giveBack(lock, owner, terms, { unsureUntilMs });
      if (answer.kind === 'granted') return { granted: { owner, terms, answered: { ...answered, answer: answer.grant } }, occupant: {} };
      if (answer.kind === 'busy' && (answer.now !== undefined || !(await store.clockStepped())))
        return { occupant: toOccupant(answer.occupant) };
      if (tries > 1) return { occupant: {} };
    } catch (error) {
      if (mayBeDone(error)) janitor.giveBack(lock, owner, terms, { unsureUntilMs: store.unsureUntilMs(budgetMs) });
      // The database is well, and up to the last attempt others were faster at the row.
      if (last.raced && error instanceof LockStoreError) return { occupant: {} };
      throw error;
    }
  }
}

/** True for an error behind which the statement may have been carried out. */
export const mayBeDone = (error: unknown) => error instanceof LockStoreError && error.outcomeUnknown;

/** The claim of an owner id on these terms. */
export function claimOf({ holder }: EngineParts, { key }: NamedLock, owner: string, terms: Terms, notAfter: number | undefined): Claim {
  return { key, owner, ttlMs: Math.ceil(terms.ttlMs), claimMs: Math.ceil(terms.claimMs), holder, label: terms.label, notAfter };
}

/** Answers tell the database's time; one that repeats what was granted before tells an old one. */
export function learn(
  { store }: EngineParts,
  { answer, lastSent, unsureUntilMs }: Answered<AskAnswer | { readonly kind: 'waiting'; readonly now: number }>,
): void {
  if (unsureUntilMs !== undefined) return;
  const now = answer.kind === 'granted' ? answer.grant.now : answer.now;
  if (now !== undefined) store.databaseClock.learn(now, lastSent);
}
