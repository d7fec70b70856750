/** Stable codes of this library's errors; a program may rely on them, messages may change. */
export type LockErrorCode =
  | 'LOCK_TIMEOUT'
  | 'LOCK_BUSY'
  | 'LEASE_LOST'
  | 'LOCK_DEADLOCK'
  | 'LOCK_STORE'
  | 'LOCK_TABLE'
  | 'LOCK_REGISTRY_NOT_CONFIGURED'
  | 'LOCK_REGISTRY_CLOSED';

const brand = Symbol.for('sequelize-distributed-lock.error');

/** Base of every error this library makes itself. Wrong arguments are `TypeError` or `RangeError` instead. */
export class LockError extends Error {
  readonly [brand] = true;

  constructor(
    /** Stable, machine-readable. */
    readonly code: LockErrorCode,
    /** The lock concerned; `undefined` where no single lock is. */
    readonly lockName: string | undefined,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** True for errors of this library, made by this copy of the package or another one in the same process. */
export function isLockError(error: unknown): error is LockError {
  return typeof error === 'object' && error !== null && brand in error;
}

/** Who stands in the way, as far as the database said. Times are the database's. */
export interface Occupant {
  readonly holder?: string;
  readonly label?: string;
  readonly acquiredAt?: Date;
  readonly expiresAt?: Date;
}

/** The caller's `wait` was over, and the last it met were others: one who held the lock, or whose statements at its row were faster. */
export class LockTimeoutError extends LockError {
  constructor(
    lockName: string,
    /** Milliseconds waited. */
    readonly waitedMs: number,
    readonly occupant: Occupant = {},
  ) {
    super(
      'LOCK_TIMEOUT',
      lockName,
      `Lock "${lockName}" was still held after ${Math.round(waitedMs)} ms${by(occupant)}. Wait longer, or see who holds it with inspect().`,
    );
  }
}

/** The lock is held elsewhere and the caller did not want to wait, or too many callers wait already. */
export class LockBusyError extends LockError {
  constructor(
    lockName: string,
    readonly occupant: Occupant = {},
    reason = `is held${by(occupant)}`,
  ) {
    super('LOCK_BUSY', lockName, `Lock "${lockName}" ${reason}. Use onBusy: 'wait' to stand in line.`);
  }
}

/**
 * How a lease ended under its holder: another owner has it, its row is gone, an operator revoked it,
 * the database could not be reached in time, its time was over (no renewal, or `maxHold`), the registry was closed,
 * or the holder itself had released it before it asked.
 */
export type LossReason = 'taken' | 'deleted' | 'revoked' | 'unreachable' | 'expired' | 'closed' | 'released';

const lossText: Record<LossReason, string> = {
  taken: 'another owner has it now',
  deleted: 'its row is gone from the table',
  revoked: 'an operator revoked it',
  unreachable: 'it could not be renewed in time',
  expired: 'its time was over',
  closed: 'its registry was closed',
  released: 'it was released',
};

/** The lease ended while its holder still worked: somebody else may hold the lock, so what was written since needs a fence. */
export class LeaseLostError extends LockError {
  constructor(
    lockName: string,
    readonly reason: LossReason,
    readonly fencingToken: number,
    options: ErrorOptions & {
      /** What the body returned, where it had finished all the same. */
      readonly result?: unknown;
    } = {},
  ) {
    super(
      'LEASE_LOST',
      lockName,
      `The lease of lock "${lockName}" (token ${fencingToken}) is over: ${lossText[reason]}. Stop working; another owner may have begun.`,
      options,
    );
    this.result = options.result;
  }

  readonly result: unknown;

  /** The same loss, with what the body returned. */
  withResult(result: unknown): LeaseLostError {
    return new LeaseLostError(this.lockName ?? '', this.reason, this.fencingToken, { cause: this.cause, result });
  }
}

/** The running async context holds this lock already and would wait for itself for ever. */
export class LockDeadlockError extends LockError {
  constructor(lockName: string) {
    super(
      'LOCK_DEADLOCK',
      lockName,
      `Lock "${lockName}" is held by the caller itself, so waiting for it would never end. ` +
        'Go on under the outer lease: currentLease() is it, and run(), withLock() and @Locked take reentrant: true.',
    );
  }
}

/** The database did not do what it was asked; `cause` is the driver's error. It never means busy. */
export class LockStoreError extends LockError {
  constructor(
    lockName: string | undefined,
    /** Which step failed: `ask`, `release`, `create` and so on. */
    readonly step: string,
    /** True where the statement may have been carried out although no answer came. */
    readonly outcomeUnknown: boolean,
    options: ErrorOptions,
  ) {
    const subject = lockName === undefined ? '' : ` for lock "${lockName}"`;
    const doubt = outcomeUnknown ? ' It may have been carried out all the same; what was taken is being given back.' : '';
    super(
      'LOCK_STORE',
      lockName,
      `The database failed at "${step}"${subject}: ${messageOf(options.cause).replace(/\.$/, '')}.${doubt} Check that it is reachable, and what this user may do there.`,
      options,
    );
  }
}

/** The lock table is missing, or is not one that this version made. Nothing in it was touched. */
export class LockTableError extends LockError {
  constructor(
    readonly table: string,
    problem: string,
    /** The columns found there; empty where there is no table. */
    readonly columns: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super('LOCK_TABLE', undefined, `Lock table "${table}" ${problem}`, options);
  }
}

const notConfigured =
  'No lock registry is configured. Call configureLocks(registry) at start-up, pass options.registry, or give the object a property `locks` that is a registry.';

/** `withLock` or `@Locked` was called and no registry is known, or it is not known which of several is meant. */
export class LockRegistryNotConfiguredError extends LockError {
  constructor(lockName?: string, message = notConfigured) {
    super('LOCK_REGISTRY_NOT_CONFIGURED', lockName, message);
  }
}

/** The registry was closed, or is being closed: it takes no new work. */
export class LockRegistryClosedError extends LockError {
  constructor(lockName?: string) {
    super(
      'LOCK_REGISTRY_CLOSED',
      lockName,
      `The lock registry is closed${lockName === undefined ? '' : `, so lock "${lockName}" cannot be taken`}. Make a new LockRegistry.`,
    );
  }
}

function by({ holder, label, acquiredAt, expiresAt }: Occupant): string {
  const who = holder === undefined ? '' : ` by ${holder}${label ? ` (${label})` : ''}`;
  const since = acquiredAt ? ` since ${acquiredAt.toISOString()}` : '';
  return `${who}${since}${expiresAt ? ` until ${expiresAt.toISOString()}` : ''}`;
}

function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return (cause.message || (cause as { code?: string }).code) ?? cause.name;
}
