import { setTimeout } from 'node:timers/promises';
import type { Client } from '../contenders/contender.js';
import { machineMs, statements } from '../statement-count.js';

/** Callers that all want the same lock, again and again. */
export interface ContendOrder {
  readonly name: string;
  readonly callers: number;
  /** What an entry does under the lock: sleep so long, or nothing at all. */
  readonly workMs: number;
  /** On the machine's clock. */
  readonly startMs: number;
  readonly forMs: number;
}

export interface ContendAnswer {
  readonly entries: readonly number[];
  /** From asking until it was granted, or until the end where it never was. */
  readonly longestWaitMs: number;
  readonly statements: number;
  readonly errors: number;
  /** How late a timer of 1 ms was at worst. */
  readonly timerLateMs: number;
  /** When who was inside, on the machine's clock; only where there is work to do. */
  readonly holds: readonly (readonly [fromMs: number, toMs: number])[];
}

export async function contend(client: Client, order: ContendOrder): Promise<ContendAnswer> {
  const contest = new Contest(client, order);
  await setTimeout(Math.max(0, order.startMs - machineMs()));
  return contest.run();
}

class Contest {
  readonly #client: Client;
  readonly #order: ContendOrder;
  readonly #entries: number[];
  readonly #holds: [number, number][] = [];
  /** Since when each caller has waited; `undefined` while it does not. */
  readonly #waitingSince: (number | undefined)[];
  #longestWaitMs = 0;
  #errors = 0;
  #over = false;

  constructor(client: Client, order: ContendOrder) {
    this.#client = client;
    this.#order = order;
    this.#entries = Array.from({ length: order.callers }, () => 0);
    this.#waitingSince = Array.from({ length: order.callers });
  }

  /** Does not wait for those who wait: they may never get it. */
  async run(): Promise<ContendAnswer> {
    const before = statements.count;
    const timer = new LateTimer();
    for (let caller = 0; caller < this.#order.callers; caller++) void this.#call(caller);
    await setTimeout(this.#order.forMs);
    this.#over = true;
    const nowMs = performance.now();
    for (const sinceMs of this.#waitingSince) this.#longestWaitMs = Math.max(this.#longestWaitMs, nowMs - (sinceMs ?? nowMs));
    return {
      entries: this.#entries,
      longestWaitMs: this.#longestWaitMs,
      statements: statements.count - before,
      errors: this.#errors,
      timerLateMs: timer.stop(),
      holds: this.#holds,
    };
  }

  async #call(caller: number): Promise<void> {
    while (!this.#isOver()) {
      try {
        const sinceMs = (this.#waitingSince[caller] = performance.now());
        const release = await this.#client.acquire(this.#order.name);
        this.#waitingSince[caller] = undefined;
        if (!this.#isOver()) {
          this.#longestWaitMs = Math.max(this.#longestWaitMs, performance.now() - sinceMs);
          this.#entries[caller] = (this.#entries[caller] ?? 0) + 1;
        }
        if (this.#order.workMs > 0) await this.#work();
        await this.#letGo(release);
      } catch {
        this.#errors++;
        await setTimeout(1); // whatever it was, the others get their turn
      }
    }
  }

  #isOver(): boolean {
    return this.#over;
  }

  async #work(): Promise<void> {
    const fromMs = machineMs();
    await setTimeout(this.#order.workMs);
    this.#holds.push([fromMs, machineMs()]);
  }

  /** A library that cannot give back what it holds would keep everybody out until its lease ends. */
  async #letGo(release: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await release();
      } catch (error) {
        this.#errors++;
        if (this.#isOver() || !String(error).includes('SQLITE_BUSY')) return;
        await setTimeout(1);
      }
    }
  }
}

/** A timer of 1 ms that is set again and again: what else the process wants to do meanwhile. */
class LateTimer {
  #worstMs = 0;
  #handle: NodeJS.Timeout;
  #setMs = performance.now();

  constructor() {
    this.#handle = this.#set();
  }

  stop(): number {
    clearTimeout(this.#handle);
    return Math.max(this.#worstMs, this.#lateMs());
  }

  #set(): NodeJS.Timeout {
    this.#setMs = performance.now();
    return globalThis.setTimeout(() => {
      this.#worstMs = Math.max(this.#worstMs, this.#lateMs());
      this.#handle = this.#set();
    }, 1);
  }

  #lateMs(): number {
    return performance.now() - this.#setMs - 1;
  }
}
