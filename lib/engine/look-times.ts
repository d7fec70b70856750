import type { OccupantView } from '../contracts/dialect.js';
import { giveUp } from '../contracts/polling-policy.js';
import type { Caller } from './caller.js';
import type { Callers } from './callers.js';
import type { EngineParts, NamedLock } from './engine-parts.js';

/** A look for the end of a wait starts so much sooner, so that its answer comes in time. */
const LAST_LOOK_MS = 30;
/** A look at the end of somebody's lease comes a little later than that end. */
const AFTER_EXPIRY_MS = 5;

/** What was seen in the way, at a moment of the database's clock. */
export interface Seen {
  readonly occupant: OccupantView | undefined;
  readonly now: number | undefined;
  /** How many stand in front; `undefined` where nobody stands. */
  readonly ahead?: number | undefined;
}

/** On whose behalf somebody looks. */
export interface Waiters extends NamedLock {
  readonly callers: Callers;
}

/** When a stand looks again. */
export class LookTimes {
  readonly #parts: EngineParts;
  readonly #queue: Waiters;
  #previousDelayMs = 0;
  /** Since when the one who is in the way has the lock, and how often it was found busy before. */
  #acquiredAt: number | undefined;
  #busyBefore = 0;
  /** It has had a delay while hand-overs are announced. */
  #trusted = false;

  constructor(parts: EngineParts, queue: Waiters) {
    this.#parts = parts;
    this.#queue = queue;
  }

  /**
   * As the policy says, and not past the end of the holder's lease, of the wait in front, or of a claim that may be ours.
   *
   * @param busy how often the lock was found busy
   * @throws {RangeError} the policy answered nonsense
   */
  delayMs(seen: Seen, busy: number, inLine: boolean): number {
    const { occupant, now } = seen;
    this.#follow(seen, busy);
    const holderRemainingMs = occupant && now !== undefined ? occupant.expiresAt - now : undefined;
    const { delayMs, head } = this.#policyDelay(holderRemainingMs, seen.ahead ?? 0, busy);
    if (!head) return 0;
    // Where it is over already the line has just been advanced, perhaps to us.
    const untilExpiryMs = holderRemainingMs === undefined ? Infinity : Math.max(0, holderRemainingMs) + AFTER_EXPIRY_MS;
    const leftMs = head.remainingMs(this.#parts.clock.now());
    const untilLastLookMs = leftMs > LAST_LOOK_MS ? leftMs - LAST_LOOK_MS : Infinity;
    // One must fall into every claim that may be ours. Nothing is announced to who does not stand in line.
    const { claimMs } = head.terms;
    const usualMs = inLine && this.#parts.watcher.announced ? this.#trustingMs(claimMs) : Math.min(delayMs, claimMs * 0.8);
    return Math.min(usualMs, untilExpiryMs, untilLastLookMs);
  }

  /**
   * While hand-overs are announced, looks are for what went wrong, once a claim. The first comes sooner, by a share that differs between registries:
   * those that begin to wait at one time, as all do after a deployment, would look at one time for ever.
   */
  #trustingMs(claimMs: number): number {
    const share = this.#trusted ? 1 : this.#parts.firstLook;
    this.#trusted = true;
    return claimMs * share;
  }

  /** Who stands in no line has no use for hand-overs to others. */
  #follow({ occupant, ahead }: Seen, busy: number): void {
    if (ahead === undefined || !occupant || occupant.acquiredAt === this.#acquiredAt) return;
    this.#acquiredAt = occupant.acquiredAt;
    this.#busyBefore = busy - 1;
  }

  /** The policy speaks for the caller in front; those on whom it gives up leave. */
  #policyDelay(holderRemainingMs: number | undefined, ahead: number, busy: number): { delayMs: number; head?: Caller } {
    const { clock, random } = this.#parts;
    for (;;) {
      const head = this.#queue.callers.first;
      if (!head) return { delayMs: 0 };
      const now = clock.now();
      const delay = head.terms.polling({
        lockName: this.#queue.name,
        attempt: Math.max(1, busy - head.enteredBusy),
        attemptSinceMove: Math.max(1, busy - Math.max(head.enteredBusy, this.#busyBefore)),
        ahead,
        elapsedMs: head.waitedMs(now),
        previousDelayMs: this.#previousDelayMs,
        holderRemainingMs,
        waitRemainingMs: head.remainingMs(now),
        random,
      });
      if (delay !== giveUp) return { delayMs: (this.#previousDelayMs = checked(delay)), head };
      this.#queue.callers.timeOut(head);
    }
  }
}

/** @throws {RangeError} a policy from outside answered nonsense, which a timer would take for "at once" */
function checked(delayMs: number): number {
  if (!(delayMs >= 0))
    throw new RangeError(`The polling policy answered ${String(delayMs)}; it must answer milliseconds of at least 0, or giveUp.`);
  return delayMs;
}
