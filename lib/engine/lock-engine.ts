import type { Clock } from '../contracts/clock.js';
import type { LockStatements, Step } from '../contracts/dialect.js';
import type { Finding } from '../contracts/examination.js';
import { encodeName } from '../core/lock-name.js';
import { LockBusyError, LockDeadlockError, LockRegistryClosedError, LockTimeoutError } from '../core/errors.js';
import type { TableName } from '../core/table-name.js';
import { examine } from './doctor.js';
import { assemble, type EngineParts, type EngineSettings, type NamedLock } from './engine-parts.js';
import { closedHealth, examineHealth, type Health } from './health.js';
import { heldHere } from './held-context.js';
import { isHeldLease } from './held-lease.js';
import type { Lease } from './lease.js';
import { LeaseSet } from './lease-set.js';
import { LocalQueue } from './local-queue.js';
import { checkExisting, createTable } from './lock-table.js';
import type { Terms } from './options.js';
import type { StepName } from './store.js';

/** One name, or several that are taken together. */
export type LockNames = string | readonly string[];

/** Finds the queue of each name, and turns what it answers into what the caller asked for. */
export class LockEngine {
  readonly #settings: EngineSettings;
  readonly #parts: EngineParts;
  readonly #queues: Map<string, LocalQueue>;
  #closed = false;

  constructor(settings: EngineSettings) {
    this.#settings = settings;
    this.#parts = assemble(settings);
    this.#queues = this.#parts.queues;
  }

  /** Runs an operator's statement. @throws {LockStoreError} {LockRegistryClosedError} */
  async operate<T>(name: StepName, step: (statements: LockStatements) => Step<T>, lockName?: string): Promise<T> {
    if (this.#closed) throw new LockRegistryClosedError(lockName);
    const named = lockName === undefined ? {} : { lockName };
    const { answer } = await this.#parts.store.run({ name, ...named, timeoutMs: OPERATOR_TIMEOUT_MS, step });
    return answer;
  }

  /** Makes the lock table where it is missing. @throws {LockTableError} */
  async createTable(table: TableName): Promise<void> {
    await checkExisting(this.#parts.store, table);
    await createTable(this.#parts.store);
  }

  /** What the server and the table put at risk. Changes nothing. @throws {LockStoreError} {LockRegistryClosedError} */
  async doctor(table: TableName, create: boolean): Promise<readonly Finding[]> {
    if (this.#closed) throw new LockRegistryClosedError();
    const { store, terms } = this.#parts;
    return examine({ ...this.#settings, store, table, create, marginMs: terms.marginMs });
  }

  /** Whether locks can be used now, found out in this time at most. Never rejects. */
  async check(timeoutMs: number): Promise<Health> {
    return this.#closed ? closedHealth() : examineHealth(this.#parts, timeoutMs);
  }

  /** Waits as long as the terms say. @throws what ends the wait */
  async acquire(names: LockNames, terms: Terms): Promise<Lease> {
    const locks = this.#admit(names, terms);
    const own = terms.waitMs > 0 ? locks.find(({ name }) => heldHere(this, name)) : undefined;
    if (own) throw new LockDeadlockError(own.name);
    const [only] = locks;
    // Each promise between a grant and its caller lets others run first, and the lock waits for them.
    if (only && locks.length === 1) return this.#wait(only, terms, terms.waitMs);
    const endsMs = this.#nowMs() + terms.waitMs;
    return this.#all(locks, (lock) => this.#wait(lock, { ...terms, waitMs: Math.max(0, endsMs - this.#nowMs()) }, terms.waitMs));
  }

  /** Asks once; `undefined` while somebody else holds one of them. */
  async tryAcquire(names: LockNames, terms: Terms): Promise<Lease | undefined> {
    return this.#all(this.#admit(names, terms), (lock) => this.#tryOnce(this.#queue(lock), terms));
  }

  /** Asks once. @throws {LockBusyError} somebody else holds one of them; with who does, as the answer told or else by a look */
  async acquireFree(names: LockNames, terms: Terms): Promise<Lease> {
    return this.#all(this.#admit(names, terms), async (lock) => {
      const queue = this.#queue(lock);
      const lease = await this.#tryOnce(queue, terms);
      if (lease) return lease;
      throw new LockBusyError(lock.name, await queue.occupant());
    });
  }

  /** What the context holds of these names already, and what it does not. */
  heldHere(names: LockNames): { held: Lease[]; missing: string[] } {
    const held: Lease[] = [];
    const missing: string[] = [];
    for (const { name } of locksOf(names)) {
      const lease = heldHere(this, name);
      if (lease) held.push(lease);
      else missing.push(name);
    }
    return { held, missing };
  }

  /** Several leases as one. */
  together(leases: readonly Lease[]): LeaseSet {
    const each = leases.flatMap((lease) => (lease instanceof LeaseSet ? lease.leases : [lease]));
    return new LeaseSet(each.filter(isHeldLease), this.#parts.fences);
  }

  /** Takes no new work, refuses who waits, lets holders finish for `graceMs`, ends the others and gives back what is left. */
  async close(graceMs: number): Promise<void> {
    const { clock, keeper, janitor, waker, terms } = this.#parts;
    const endsMs = this.#nowMs() + graceMs;
    this.#closed = true;
    await settled(clock, graceMs, Promise.all([...this.#queues.values()].map((queue) => queue.close())));
    for (const holding of [...keeper.holdings]) {
      const mayBeTaken = !holding.lease?.fences.blocking;
      this.#queues.get(holding.key)?.lost(holding, 'closed');
      if (mayBeTaken) janitor.giveBack(holding, holding.owner, terms, { usedToken: holding.usedToken });
    }
    waker.close();
    await settled(clock, Math.max(LAST_WORD_MS, endsMs - this.#nowMs()), janitor.close());
  }

  #admit(names: LockNames, { signal }: Terms): NamedLock[] {
    const locks = locksOf(names);
    if (this.#closed) throw new LockRegistryClosedError(locks[0]?.name);
    signal?.throwIfAborted();
    return locks;
  }

  #queue({ name, key }: NamedLock): LocalQueue {
    let queue = this.#queues.get(key);
    if (!queue) this.#queues.set(key, (queue = new LocalQueue(this.#parts, name, key)));
    return queue;
  }

  async #tryOnce(queue: LocalQueue, terms: Terms): Promise<Lease | undefined> {
    const lease = await queue.tryOnce(terms);
    if (!lease && this.#parts.observer.watches('busy')) {
      this.#parts.observer.emit('busy', { lockName: queue.name, waitMs: 0, attempts: 1 });
    }
    return lease;
  }

  #wait(lock: NamedLock, terms: Terms, wholeWaitMs: number): Promise<Lease> {
    if (this.#closed) throw new LockRegistryClosedError(lock.name);
    terms.signal?.throwIfAborted();
    const queue = this.#queue(lock);
    return wholeWaitMs > 0 ? queue.enter(terms) : this.#askAtOnce(queue, terms);
  }

  async #askAtOnce(queue: LocalQueue, terms: Terms): Promise<Lease> {
    const lease = await this.#tryOnce(queue, terms);
    if (lease) return lease;
    throw new LockTimeoutError(queue.name, 0, await queue.occupant());
  }

  /** All or none: one after the other in byte order, so that two callers with the same names never wait for each other. */
  async #all<L extends Lease | undefined>(locks: readonly NamedLock[], take: (lock: NamedLock) => Promise<L>): Promise<L | LeaseSet> {
    const [only] = locks;
    if (only && locks.length === 1) return take(only);
    const taken: Lease[] = [];
    try {
      for (const lock of locks) {
        const lease = await take(lock);
        if (!lease) {
          await this.together(taken).release();
          return lease;
        }
        taken.push(lease);
      }
    } catch (error) {
      await this.together(taken).release();
      throw error;
    }
    return this.together(taken);
  }

  #nowMs(): number {
    return this.#parts.clock.now().monotonicMs;
  }
}

const OPERATOR_TIMEOUT_MS = 5_000;
/** Longer than a release takes where the database answers. */
const LAST_WORD_MS = 100;

/** Resolves with `work`, or after `ms` without it. */
async function settled(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = clock.after(ms, resolve, true);
    void work.then(() => {
      cancel();
      resolve();
    });
  });
}

/** The locks of a call, in byte order and each once. @throws {TypeError} none at all, or a name that is none */
export function locksOf(names: LockNames): NamedLock[] {
  if (typeof names === 'string') return [{ name: names, key: encodeName(names) }];
  if (!Array.isArray(names) || names.length === 0)
    throw new TypeError(
      `A lock's name must be text or a list of texts that is not empty; got ${Array.isArray(names) ? 'an empty list' : typeof names}.`,
    );
  const byKey = new Map((names as readonly string[]).map((name) => [encodeName(name), name]));
  return [...byKey].sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, name]) => ({ name, key }));
}
