import type { Cancel } from '../contracts/clock.js';

/** A timer's limit: Node runs anything longer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Alarm {
  readonly atMs: number;
  readonly ring: () => void;
  readonly keepAlive: boolean;
}

/**
 * Any number of alarms on one timer. Nearly all of ours are called off, such as the deadlines of statements that are answered. Here that is a
 * deletion; a timer of Node's for each costs a free lock 5 % of its time, most of it in the garbage collector.
 */
export class Alarms {
  readonly #set = new Set<Alarm>();
  #timer: NodeJS.Timeout | undefined;
  #armedForMs = Infinity;
  #keepingAlive = 0;

  constructor(
    private readonly nowMs: () => number,
    private readonly startTimer: (ring: () => void, ms: number) => NodeJS.Timeout,
  ) {}

  /** Calls `ring` after `ms`, not a moment earlier. The process stays alive for it if `keepAlive`. */
  set(ms: number, ring: () => void, keepAlive: boolean): Cancel {
    const alarm: Alarm = { atMs: this.nowMs() + ms, ring, keepAlive };
    this.#set.add(alarm);
    if (keepAlive && this.#keepingAlive++ === 0) this.#timer?.ref();
    this.#armFor(alarm.atMs);
    return () => void this.#remove(alarm);
  }

  #remove(alarm: Alarm): boolean {
    const was = this.#set.delete(alarm);
    // The timer stays armed: it will find nothing, and arming it anew for every statement is what is to be saved.
    if (was && alarm.keepAlive && --this.#keepingAlive === 0) this.#timer?.unref();
    return was;
  }

  #armFor(atMs: number): void {
    if (this.#timer && atMs >= this.#armedForMs) return;
    clearTimeout(this.#timer);
    this.#armedForMs = atMs;
    // What is further away than a timer can sleep is slept in parts.
    this.#timer = this.startTimer(() => this.#ringThoseDue(), Math.min(Math.max(0, atMs - this.nowMs()), LONGEST_TIMER_MS));
    if (this.#keepingAlive === 0) this.#timer.unref();
  }

  #ringThoseDue(): void {
    this.#timer = undefined;
    const nowMs = this.nowMs();
    const due: Alarm[] = [];
    let nextMs = Infinity;
    for (const alarm of this.#set) {
      if (alarm.atMs <= nowMs) due.push(alarm);
      else nextMs = Math.min(nextMs, alarm.atMs);
    }
    if (this.#set.size > due.length) this.#armFor(nextMs);
    // One may call off another.
    for (const alarm of due.sort((one, other) => one.atMs - other.atMs)) if (this.#remove(alarm)) alarm.ring();
  }
}
