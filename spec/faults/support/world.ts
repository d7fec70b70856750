import { setTimeout as sleep } from 'node:timers/promises';
import type { EventOf, Kind, LockEvent } from '../history/event.js';
import { type Journal, nowMs, readHistory } from '../history/journal.js';
import { LONGEST_POLL_MS } from '../locks/library.js';
import type { Crew, Worker } from './crew.js';
import type { Fate } from '../../support/fault-proxy.js';
import type { Entry } from './ledger.js';
import type { Deed, Line } from './lines.js';
import { marksOf, type StatementKind } from './marks.js';
import { pick, type Random } from './random.js';
import type { DatabaseKind, Scene } from './scene.js';
import { Tail } from './tail.js';

/** What a fault has at hand. */
export class World {
  constructor(
    readonly kind: DatabaseKind,
    readonly scene: Scene,
    readonly crew: Crew,
    readonly random: Random,
    readonly ttlMs: number,
    readonly lockName: string,
    private readonly folder: string,
    private readonly journal: Journal,
  ) {}

  /** Says that something is done to the system now; a trial without that proves nothing. */
  fault(what: string, victim?: Worker): void {
    this.journal.write({ kind: 'fault', what, ...(victim && { victim: victim.who }) });
  }

  /** Says that a fault is over: the lock must be granted again within what is left of a lease, a look and `toleranceMs`. */
  over(what: string, toleranceMs: number, at = nowMs()): void {
    const limitMs = this.ttlMs + LONGEST_POLL_MS + toleranceMs;
    this.journal.write({ kind: 'over', what, lock: this.lockName, limitMs }, at);
  }

  /** A write that counted. */
  accepted(entry: Entry): void {
    this.journal.write({ kind: 'accepted', ...entry });
  }

  /** Reads what the workers write from now on. */
  watch(): Tail {
    return new Tail(this.folder);
  }

  /** The next event of a kind that a worker writes after this call. */
  next<K extends Kind>(kind: K, isWanted?: (event: EventOf<K>) => boolean, limitMs?: number): Promise<EventOf<K>> {
    return this.watch().next(kind, isWanted, limitMs);
  }

  /** Waits until so many leases have been granted, by whomever. */
  async grants(count: number, limitMs = 15_000): Promise<void> {
    let left = count;
    await this.next('granted', () => --left <= 0, limitMs);
  }

  /** Waits until the journals, all of them, are as wanted. */
  async until(isSo: (history: readonly LockEvent[]) => boolean, limitMs = 15_000): Promise<void> {
    const endMs = nowMs() + limitMs;
    while (!isSo(readHistory(this.folder))) {
      if (nowMs() > endMs) throw new Error(`It did not come so within ${limitMs} ms.`);
      await sleep(50);
    }
  }

  /** The worker that was granted the lock just now. */
  async holder(): Promise<Worker> {
    const { who } = await this.next('granted', (granted) => this.crew.workers.some((worker) => worker.who === granted.who));
    return this.named(who);
  }

  /** The worker of that name, which lives. */
  named(who: string): Worker {
    const found = this.crew.workers.find((worker) => worker.who === who);
    if (!found) throw new Error(`${who} does not live.`);
    return found;
  }

  /** Arms a line of some worker and waits until it has come by it. */
  async ambush(line: Line, deed: Deed): Promise<Worker> {
    const [victim, watch] = [this.someone(), this.watch()];
    victim.tell({ tell: 'arm', line, deed });
    await watch.next('fault', (fault) => fault.victim === victim.who);
    return victim;
  }

  /** Does something to the next statement of such a kind, whoever sends it, and waits until it has happened. */
  async trap(fate: Fate, statement: StatementKind): Promise<void> {
    const proxies = this.crew.workers.flatMap(({ proxy }) => proxy ?? []);
    const giveUp = new AbortController();
    const tooLong = sleep(10_000, undefined, { signal: giveUp.signal }).then(() => {
      throw new Error(`Nobody sent a statement to ${statement}.`);
    });
    try {
      await Promise.race([tooLong, ...proxies.map((proxy) => proxy.trap(fate, ...marksOf[statement]))]);
      this.fault(`${fate} of ${statement}`);
    } finally {
      giveUp.abort();
      tooLong.catch(() => undefined);
      for (const proxy of proxies) proxy.heal();
    }
  }

  sleep(ms: number): Promise<void> {
    return sleep(ms);
  }

  /** One of the workers that live. */
  someone(): Worker {
    return pick(this.random, this.crew.workers);
  }
}
