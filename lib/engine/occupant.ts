import type { OccupantView } from '../contracts/dialect.js';
import type { Occupant } from '../core/errors.js';
import { statementTimeout } from '../core/deadline.js';
import type { EngineParts, NamedLock } from './engine-parts.js';

/** What errors tell of a row's holder. */
export function toOccupant(view: OccupantView | undefined): Occupant {
  if (!view) return {};
  const { holder, label } = view;
  return {
    ...(holder ? { holder } : {}),
    ...(label ? { label } : {}),
    acquiredAt: new Date(view.acquiredAt),
    expiresAt: new Date(view.expiresAt),
  };
}

/** Who is in the way, by a look. An error's decoration: a failed look says that nothing is known. */
export async function occupantOf({ store, terms, ids }: EngineParts, { name, key }: NamedLock): Promise<Occupant> {
  try {
    const { answer } = await store.run({
      name: 'look',
      lockName: name,
      timeoutMs: statementTimeout(terms.ttlMs),
      remainingMs: () => 0,
      step: (statements) => statements.look([{ key, owner: ids.next() }]),
    });
    return toOccupant(answer[0]?.occupant);
  } catch {
    return {};
  }
}
