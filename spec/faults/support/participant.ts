import { setTimeout as sleep } from 'node:timers/promises';
import { LeaseLostError } from '../../../lib/index.js';
import { type Journal, nowMs } from '../history/journal.js';
import type { TestedLease, TestedLock } from '../locks/tested-lock.js';
import type { Ledger } from './ledger.js';
import type { Lines } from './lines.js';
import type { Random } from './random.js';

/** A lease and the number under which the journal knows it. */
export interface Held {
  readonly ask: number;
  readonly lease: TestedLease;
}

export interface ParticipantParts {
  readonly journal: Journal;
  readonly lock: TestedLock;
  readonly ledger: Ledger;
  readonly lines: Lines;
  readonly random: Random;
  /** The name that all contend for. */
  readonly lockName: string;
  readonly ttlMs: number;
}

/** Uses a lock and writes down what it is told, before it sends and after it heard. */
export class Participant {
  readonly #parts: ParticipantParts;
  readonly #held = new Map<number, Held>();
  #asks = 0;
  #stopping = false;

  constructor(parts: ParticipantParts) {
    this.#parts = parts;
    parts.lock.onRenewed((token) => this.#renewed(token));
  }

  get random(): Random {
    return this.#parts.random;
  }

  get ttlMs(): number {
    return this.#parts.ttlMs;
  }

  /** What is under way comes to its end, and nothing new is begun. */
  stop(): void {
    this.#stopping = true;
  }

  isStopping(): boolean {
    return this.#stopping;
  }

  async acquire(waitMs: number): Promise<Held | undefined> {
    const { lock, lockName } = this.#parts;
    return this.#ask(false, waitMs, () => lock.acquire(lockName, waitMs));
  }

  async try(): Promise<Held | undefined> {
    const { lock, lockName, ttlMs } = this.#parts;
    return this.#ask(true, ttlMs, () => lock.tryAcquire(lockName));
  }

  /** Runs a body that throws: its caller must get that very error, whatever becomes of the release. */
  async fail(waitMs: number): Promise<void> {
    const { lock, lockName, journal } = this.#parts;
    const ask = ++this.#asks;
    const thrown = new Error('the body’s own');
    const ran = new Set<TestedLease>();
    journal.write({ kind: 'ask', ask, lock: lockName, tries: false, limitMs: waitMs });
    try {
      await lock.run(lockName, waitMs, (lease) => {
        ran.add(lease);
        this.#granted({ ask, lease });
        this.#releasing({ ask, lease });
        throw thrown;
      });
    } catch (error) {
      if (ran.size === 0) return journal.write({ kind: 'failed', ask, error: inWords(error) });
      this.#held.delete(ask);
      // Nobody is told whether it was kept to the end.
      journal.write({ kind: 'released', ask, kept: false });
      if (error !== thrown) journal.write({ kind: 'replaced', thrown: inWords(thrown), got: inWords(error) });
    }
  }

  /** Reads, is busy for so long, and writes what it read and one more, if it still holds the lock. */
  async change({ ask, lease }: Held, busyMs: number): Promise<void> {
    const { ledger, lines, lockName, journal } = this.#parts;
    lines.pass('holding');
    this.#see({ ask, lease });
    const accepted = await this.#guarded(async () => {
      const value = await ledger.enter(lockName, lease.fencingToken);
      if (value === undefined) return false;
      await sleep(busyMs);
      if (!lease.held) return undefined;
      lines.pass('writing');
      this.#see({ ask, lease });
      return ledger.write(lockName, lease.fencingToken, value + 1);
    });
    if (accepted !== undefined) journal.write({ kind: 'written', ask, accepted, held: lease.held });
  }

  /** The same in a fenced transaction, whose write nothing else guards. */
  async changeFenced({ ask, lease }: Held, busyMs: number): Promise<void> {
    const { lock, lines, lockName, journal } = this.#parts;
    lines.pass('holding');
    const meanwhile = async () => {
      await sleep(busyMs);
      lines.pass('writing');
    };
    const refused = (error: unknown) => {
      if (error instanceof LeaseLostError) return false;
      throw error;
    };
    const accepted = await this.#guarded(
      () => lock.fenced?.(lockName, lease, meanwhile).then(() => true, refused) ?? Promise.resolve(undefined),
    );
    if (accepted !== undefined) journal.write({ kind: 'written', ask, accepted, held: lease.held });
  }

  /** Compares what the lease says with the row, if it says the same before and after. */
  async compare({ ask, lease }: Held): Promise<void> {
    const { lock, lockName, journal } = this.#parts;
    const holds = () => lease.held;
    const before = holds();
    const ours = await this.#guarded(() => lock.hasRow(lockName, lease.fencingToken));
    if (ours !== undefined && before && holds()) journal.write({ kind: 'row', ask, ours });
  }

  async release({ ask, lease }: Held): Promise<void> {
    const { journal, lines } = this.#parts;
    lines.pass('releasing');
    this.#see({ ask, lease });
    this.#releasing({ ask, lease });
    const kept = await lease.release();
    this.#held.delete(ask);
    journal.write({ kind: 'released', ask, kept });
  }

  /** In a transaction of the application's that rolls back. */
  async rolledBack(body: () => Promise<void>): Promise<void> {
    await this.#guarded(() => this.#parts.lock.rolledBack(body));
  }

  /** Takes down how late timers come, and what the leases say meanwhile. */
  beat(): void {
    const { journal } = this.#parts;
    let last = nowMs();
    let beats = 0;
    setInterval(() => {
      const now = nowMs();
      const lateMs = now - last - BEAT_MS;
      last = now;
      if (lateMs > LATE_MS) journal.write({ kind: 'late', ms: lateMs }, now);
      const all = ++beats % SEEN_EVERY === 0;
      for (const held of this.#held.values()) if (all || !held.lease.held) this.#see(held);
    }, BEAT_MS).unref();
  }

  async #ask(tries: boolean, limitMs: number, send: () => Promise<TestedLease | undefined>): Promise<Held | undefined> {
    const { journal, lockName: lock } = this.#parts;
    const ask = ++this.#asks;
    journal.write({ kind: 'ask', ask, lock, tries, limitMs });
    try {
      const lease = await send();
      if (lease) return this.#granted({ ask, lease });
      journal.write({ kind: 'busy', ask });
      return undefined;
    } catch (error) {
      journal.write({ kind: 'failed', ask, error: inWords(error) });
      // Who fails at once would otherwise fail a thousand times a second.
      await sleep(PAUSE_MS);
      return undefined;
    }
  }

  #granted(held: Held): Held {
    const { ask, lease } = held;
    const { journal } = this.#parts;
    this.#held.set(ask, held);
    journal.write({ kind: 'granted', ask, token: lease.fencingToken, until: deadlineOf(lease) });
    const lost = () => journal.write({ kind: 'lost', ask, reason: inWords(lease.signal.reason) });
    lease.signal.addEventListener('abort', lost, { once: true });
    if (lease.signal.aborted) lost();
    return held;
  }

  /** It is tried until the lease is over, and the last try may take its time. */
  #releasing({ ask, lease }: Held): void {
    const { journal, ttlMs } = this.#parts;
    journal.write({ kind: 'releasing', ask, limitMs: lease.remainingMs + ttlMs / 4 });
  }

  #renewed(token: number): void {
    for (const { ask, lease } of this.#held.values()) {
      if (lease.fencingToken === token && lease.held) this.#parts.journal.write({ kind: 'renewed', ask, until: deadlineOf(lease) });
    }
  }

  #see({ ask, lease }: Held): void {
    const at = nowMs();
    this.#parts.journal.write({ kind: 'seen', ask, held: lease.held, aborted: lease.signal.aborted }, at);
  }

  /** What fails on the way to the ledger is no fault of the lock's. */
  async #guarded<T>(step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch {
      return undefined;
    }
  }
}

const BEAT_MS = 20;
const LATE_MS = 10;
const SEEN_EVERY = 5;
const PAUSE_MS = 20;

/** On the journal's clock, as exactly as the two can be read together. */
function deadlineOf(lease: TestedLease): number {
  for (;;) {
    const [before, remainingMs, after] = [nowMs(), lease.remainingMs, nowMs()];
    if (after - before < 0.5) return before + remainingMs;
  }
}

const inWords = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 200) : String(error));
