import type { Clock } from '../contracts/clock.js';
import type { LockStatements } from '../contracts/dialect.js';
import type { Examination, Finding, TableShape } from '../contracts/examination.js';
import type { Session } from '../contracts/session.js';
import type { Instant } from '../core/deadline.js';
import { PROMISES } from '../core/promises.js';
import { spokenTable, type TableName } from '../core/table-name.js';
import { registryId } from './owner-ids.js';
import type { Store } from './store.js';

const EXAMINATION_TIMEOUT_MS = 5_000;
/** A notification that arrives at all takes a few milliseconds. */
const PROOF_MS = 1_000;

/** What the doctor works with. */
export interface Practice {
  readonly session: Session;
  readonly statements: LockStatements;
  readonly store: Store;
  readonly clock: Clock;
  readonly table: TableName;
  /** The table is made where it is missing. */
  readonly create: boolean;
  /** A difference between the clocks that is of no interest. */
  readonly marginMs: number;
}

/** Risks first, then advice. @throws {LockStoreError} the database failed */
export async function examine(practice: Practice): Promise<readonly Finding[]> {
  const { store, table, create, marginMs } = practice;
  const notified = await heardAcross(practice);
  const { answer, lastSent, arrived } = await store.bare({
    name: 'examine',
    timeoutMs: EXAMINATION_TIMEOUT_MS,
    step: (statements) => statements.examine(notified),
  });
  const found = [
    ...answer.findings,
    ...tableFindings(spokenTable(table), answer, create),
    ...clockFindings(answer.now, lastSent, arrived, marginMs),
  ];
  return ['risk', 'advice'].flatMap((level) => found.filter((finding) => finding.level === level));
}

/**
 * Whether one connection hears what another one sends: only that tells a pooler that answers LISTEN with OK from a server.
 * `undefined` where it cannot be tried.
 */
async function heardAcross({ session, statements, store, clock }: Practice): Promise<boolean | undefined> {
  const registry = registryId(true);
  const notify = statements.notify?.(registry, 'doctor');
  if (!session.listen || !notify) return undefined;
  let settle: (heard: boolean | undefined) => void = () => undefined;
  const heard = new Promise<boolean | undefined>((resolve) => (settle = resolve));
  try {
    const ear = await session.listen(registry, { heard: () => settle(true), broken: () => settle(undefined) }, EXAMINATION_TIMEOUT_MS);
    try {
      await store.bare({ name: 'notify', timeoutMs: EXAMINATION_TIMEOUT_MS, step: () => notify });
      const cancel = clock.after(PROOF_MS, () => settle(false), true);
      return await heard.finally(cancel);
    } finally {
      ear.close();
    }
  } catch {
    // A server that fails says so again at the examination itself.
    return undefined;
  }
}

/** What becomes of a lock table that is not as this version makes it. */
export function tableFindings(name: string, { table, intended }: Pick<Examination, 'table' | 'intended'>, create: boolean): Finding[] {
  if (!table) return [missingTable(name, create)];
  const differences = differencesOf(table, intended);
  const extra = Object.keys(table.columns).filter((column) => !Object.hasOwn(intended.columns, column));
  return [...(differences.length > 0 ? [differingTable(name, differences)] : []), ...(extra.length > 0 ? [largerTable(name, extra)] : [])];
}

function missingTable(name: string, create: boolean): Finding {
  return {
    code: 'TABLE_MISSING',
    level: create ? 'advice' : 'risk',
    what: `There is no table "${name}". ${create ? 'The first use of a lock makes it, if it may.' : 'Option "create" is false, so every use of a lock fails.'}`,
    promise: PROMISES.failures,
    remedy: 'Call createTable() with the right to create, or put the SQL of createTableSql() into a migration.',
  };
}

function differencesOf({ columns, keys }: TableShape, intended: TableShape): string[] {
  const kept = new Set(keys.map(keyOf));
  const columnDifferences = Object.entries(intended.columns).flatMap(([name, definition]) => {
    if (!Object.hasOwn(columns, name)) return `no column ${name} ${definition}`;
    return columns[name] === definition ? [] : `column ${name} is ${String(columns[name])}, not ${definition}`;
  });
  const missingKeys = intended.keys.filter((key) => !kept.has(keyOf(key)));
  return [...columnDifferences, ...missingKeys.map((key) => `no unique key over (${key.join(', ')})`)];
}

/** The order of its columns does not matter to what a key refuses. */
const keyOf = (columns: readonly string[]) => JSON.stringify([...columns].sort());

function differingTable(name: string, differences: readonly string[]): Finding {
  return {
    code: 'TABLE_DIFFERS',
    level: 'risk',
    what: `The table "${name}" is not as this version makes it: ${differences.join('; ')}.`,
    promise: PROMISES.exclusion,
    remedy: 'Alter it to what createTableSql() says; or, while nobody holds a lock, drop it and call createTable(). Or name another table.',
  };
}

function largerTable(name: string, extra: readonly string[]): Finding {
  return {
    code: 'TABLE_HAS_MORE',
    level: 'advice',
    what: `The table "${name}" has columns that this version does not know: ${extra.join(', ')}. Lock statements leave them alone.`,
    promise: PROMISES.failures,
    remedy: 'Nothing, if a newer version made them. Else see that each may be NULL or has a default: a row without them would be refused.',
  };
}

/** The server read its clock after the statement was sent and before its answer arrived. */
export function clockFindings(now: number, sent: Instant, arrived: Instant, marginMs: number): Finding[] {
  const behindMs = now - arrived.wallMs;
  const aheadMs = sent.wallMs - now;
  const offMs = Math.max(behindMs, aheadMs);
  if (offMs <= marginMs) return [];
  return [
    {
      code: 'CLOCKS_DIFFER',
      level: 'advice',
      what:
        `The clock of this process is at least ${Math.floor(offMs)} ms ${behindMs > aheadMs ? 'behind' : 'ahead of'} the database's. ` +
        "No lease depends on it; acquiredAt and the times that operators see are the database's.",
      promise: PROMISES.clock,
      remedy: 'Let both hosts keep the time (NTP), or mind the difference when you compare these times with your own.',
    },
  ];
}
