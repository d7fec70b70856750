import type { LossReason } from '../core/errors.js';

interface Seen {
  readonly lockName: string;
}

/** What may be watched. Each is an event of the registry, and a `node:diagnostics_channel` named `sequelize-distributed-lock:<event>`. */
export interface LockEvents {
  /** A lease began. `attempts`: how often the database was asked for it; 0 where it was handed over inside the process. */
  readonly acquired: Seen & { readonly token: number; readonly waitMs: number; readonly attempts: number; readonly label: string };
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

/** Takes events; never throws, and never answers. */
export interface Observer {
  emit<E extends LockEventName>(event: E, facts: LockEvents[E]): void;
  /** True where somebody listens, so that facts need not be gathered for nobody. */
  watches(event: LockEventName): boolean;
}
