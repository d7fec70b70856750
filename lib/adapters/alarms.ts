import type { Cancel } from '../contracts/clock.js';
import { leave, Line, type Place } from '../core/line.js';

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
  readonly #set = new Line<Alarm>();
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
    const place = this.#set.enter(alarm);
    if (keepAlive && this.#keepingAlive++ === 0) this.#timer?.ref();
    this.#armFor(alarm.atMs);
    return () => void this.#remove(place);
  }

  #remove(place: Place<Alarm>): boolean {
    const was = leave(place);
    // The timer stays armed: it will find nothing, and arming it anew for every statement is what is to be saved.
    if (was && place.value.keepAlive && --this.#keepingAlive === 0) this.#timer?.unref();
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
    const due: Place<Alarm>[] = [];
    let nextMs = Infinity;
    for (const place of this.#set.places()) {
      if (place.value.atMs <= nowMs) due.push(place);
      else nextMs = Math.min(nextMs, place.value.atMs);
    }
    if (this.#set.size > due.length) this.#armFor(nextMs);
    // One may call off another.
    for (const place of due.sort((one, other) => one.value.atMs - other.value.atMs)) if (this.#remove(place)) place.value.ring();
  }
}
