import type { LossReason } from '../core/errors.js';

interface Seen {
  readonly lockName: string;
}

interface Waited extends Seen {
  /** Numbers the callers of a registry: what ends a wait has the number with which it began. 0: a call that asked once and stood in no line. */
  readonly caller: number;
}

/**
 * What may be watched. Each is an event of the registry, and a `node:diagnostics_channel` named `sequelize-distributed-lock:<event>`.
 *
 * What a call brings about by itself (`waiting`, `acquired`, `refused`, `busy`, `released`, `skipped`) is told in the async context of that call.
 */
export interface LockEvents {
  /** A caller entered the line, where it stays until it has the lock or is refused, also if that is at once. */
  readonly waiting: Waited & { readonly label: string };
  /** A lease began. `attempts`: how often the database was asked for it; 0 where it was handed over inside the process. */
  readonly acquired: Waited & { readonly token: number; readonly waitMs: number; readonly attempts: number; readonly label: string };
  /** A wait ended without the lock: it was over, cancelled or too many waited, the registry was closed, or the database failed. */
  readonly refused: Waited & { readonly waitMs: number; readonly error: unknown };
  /** Somebody asked, did not want to wait, and it was held. */
  readonly busy: Seen & { readonly waitMs: number; readonly attempts: number };
  /** The lease was extended. */
  readonly renewed: Seen & { readonly token: number; readonly heldMs: number };
  /** Early warning: less than `warnBefore` is left and no renewal got through. */
  readonly expiring: Seen & { readonly token: number; readonly heldMs: number; readonly remainingMs: number };
  /** A renewal failed; it is tried again until the lease ends. */
  readonly overdue: Seen & { readonly token: number; readonly heldMs: number; readonly remainingMs: number; readonly error: unknown };
  /** The lease ended under its holder. */
  readonly lost: Seen & { readonly token: number; readonly heldMs: number; readonly reason: LossReason };
  /** The holder let go. */
  readonly released: Seen & { readonly token: number; readonly heldMs: number };
  /** `onBusy: 'skip'`: the body did not run. */
  readonly skipped: Seen;
  /** A step failed for good, and nobody is there to be told by an error: a release, a give-back, a background look. */
  readonly failed: { readonly lockName: string | undefined; readonly step: string; readonly error: unknown };
}

/** What an event is called. */
export type LockEventName = keyof LockEvents;

/** What is published on an event's channel: its facts, and the registry that it happened in, which tells equal names apart. */
export type LockMessage<E extends LockEventName> = LockEvents[E] & { readonly registry: object };

/** Takes events; never throws, and never answers. */
export interface Observer {
  emit<E extends LockEventName>(event: E, facts: LockEvents[E]): void;
  /** True where somebody listens, so that facts need not be gathered for nobody. */
  watches(event: LockEventName): boolean;
}
