import type { Clock } from '../contracts/clock.js';
import type { Dialect } from '../contracts/dialect.js';
import { giveUp, type PollingPolicy } from '../contracts/polling-policy.js';
import type { RetryPolicy } from '../contracts/retry-policy.js';
import type { WakerStrategy } from '../contracts/waker.js';
import { defaultMargin } from '../core/deadline.js';
import { type Duration, parseDuration } from '../core/duration.js';
import { flag, oneOf, policy, rejectUnknown } from '../core/option-checks.js';

/** How one lease is asked for and kept. Given to a registry they are defaults, given to a call they win. */
export interface LockOptions {
  /** How long a lease lasts if nobody renews it, from 200 ms to 30 days; default 30 s. */
  readonly ttl?: Duration;
  /** How long to wait at most; default 5 min. 0 asks once; `Infinity` is allowed. */
  readonly wait?: Duration;
  /** Renew the lease until it is released; default true. */
  readonly renew?: boolean;
  /** Keep the lock at least so long, even if released earlier: a cron tick that finishes early must not run again on a replica whose clock is late. At most the ttl; default 0. */
  readonly minHold?: Duration;
  /** The lease ends after so long, renewed or not. At least the ttl; default: never. */
  readonly maxHold?: Duration;
  /** Cancels the wait, not the lease. */
  readonly signal?: AbortSignal;
  /** What operators see beside the holder; up to 255 characters. */
  readonly label?: string;
  /** When to look again at a lock that is held elsewhere; default `exponentialPolling()`. */
  readonly polling?: PollingPolicy;
}

/** How a function runs under a lock. */
export interface RunOptions extends LockOptions {
  /** What happens while somebody else holds the lock: stand in line (default), do nothing, or fail with `LockBusyError`. */
  readonly onBusy?: 'wait' | 'skip' | 'fail';
  /** Whether a lease lost under a body that resolved rejects with `LeaseLostError` (default) or is ignored. */
  readonly onLost?: 'reject' | 'ignore';
  /** Where the async context holds the lock already: run under that lease. Parallel inner calls do not exclude each other. Default false. */
  readonly reentrant?: boolean;
}

/** The settings of a registry. */
export interface RegistryOptions extends RunOptions {
  /** The lock table, with its schema where it has one; default `'distributed_lock'`. */
  readonly table?: string;
  /** Make the table where it is missing; default true. */
  readonly create?: boolean;
  /** What to do when the database fails; default `transientRetry()`. */
  readonly retry?: RetryPolicy;
  /** How waiters learn that it is their turn; default `notifications()`, which polls where the server cannot notify. */
  readonly waker?: WakerStrategy;
  readonly clock?: Clock;
  /** A number from 0 to below 1; default `Math.random`. */
  readonly random?: () => number;
  /** A dialect from outside the package; default: the one of Sequelize's server. */
  readonly dialect?: Dialect;
  /** What operators see as the holder; default: host, process id and program. */
  readonly holder?: string;
  /** Connections for lock statements: at most `max` (2) of the registry's own, or `'shared'` to use the application's pool, which gives up that leases are renewed while that pool is exhausted. */
  readonly connections?: { readonly max?: number } | 'shared';
  /** How much sooner than the database a holder stops believing in its lease; default 1 % of the ttl and at least 20 ms. At most half the ttl. */
  readonly margin?: Duration;
  /** Warn (`expiring`) when so little of a lease is left; default a third of the ttl. Below two thirds of the ttl. */
  readonly warnBefore?: Duration;
  /** How long this process may pass a lock on inside while another process waits for it; default 20 ms. */
  readonly fairness?: Duration;
  /** How long a lock that was handed over stays reserved for a waiter that does not answer; default 3 s. One that is longer than the ttl counts as the ttl. */
  readonly claim?: Duration;
  /** Callers in line per name in this process; one more gets `LockBusyError`. Default: no limit. */
  readonly maxWaiting?: number;
  /** Close the registry on SIGTERM, SIGINT, SIGHUP and when the process has nothing left to do; default false. `process.exit()` cannot wait for it. */
  readonly closeOnExit?: boolean;
}

/** Options of one call, checked: milliseconds, nothing missing. */
export interface Terms {
  readonly ttlMs: number;
  readonly waitMs: number;
  readonly renew: boolean;
  readonly minHoldMs: number;
  readonly maxHoldMs: number;
  readonly marginMs: number;
  readonly warnMs: number;
  readonly claimMs: number;
  readonly label: string;
  readonly signal: AbortSignal | undefined;
  readonly onBusy: 'wait' | 'skip' | 'fail';
  readonly onLost: 'reject' | 'ignore';
  readonly reentrant: boolean;
  readonly polling: PollingPolicy;
}

/** The options whose values are the engine's own: they do not change from call to call. */
export interface TermDefaults extends RunOptions {
  readonly polling: PollingPolicy;
  readonly margin?: Duration;
  readonly warnBefore?: Duration;
  readonly claim?: Duration;
}

/** What a lease is asked for with. */
export const lockOptions = ['ttl', 'wait', 'renew', 'minHold', 'maxHold', 'signal', 'label', 'polling'];
/** What a function runs under a lock with. */
export const runOptions = [...lockOptions, 'onBusy', 'onLost', 'reentrant'];
const SHORTEST_TTL_MS = 200;
const LONGEST_TTL_MS = 30 * 24 * 3_600_000;
const LONGEST_LABEL = 255;

/**
 * The terms of a call: its options over the registry's.
 *
 * @param known the options that the call takes
 * @throws {TypeError} an unknown option, or a value of the wrong kind
 * @throws {RangeError} a duration outside its bounds
 */
export function termsOf(defaults: TermDefaults, call: RunOptions = {}, known: readonly string[] = runOptions): Terms {
  rejectUnknown(call, known);
  const given: TermDefaults = { ...defaults, ...defined(call) };
  const { ttl = 30_000 } = given;
  // Whole milliseconds where they go to the database.
  const ttlMs = Math.ceil(parseDuration('ttl', ttl, { min: SHORTEST_TTL_MS, max: LONGEST_TTL_MS }));
  const { wait = 5 * 60_000, minHold = 0, maxHold = Infinity, claim = 3_000, label = '', onBusy = 'wait', onLost = 'reject' } = given;
  const { margin = Math.min(defaultMargin(ttlMs), ttlMs / 2), warnBefore = ttlMs / 3 } = given;
  return Object.freeze({
    ttlMs,
    waitMs: parseDuration('wait', wait),
    renew: flag('renew', given.renew, true),
    minHoldMs: parseDuration('minHold', minHold, { max: ttlMs }),
    maxHoldMs: parseDuration('maxHold', maxHold, { min: ttlMs }),
    marginMs: parseDuration('margin', margin, { max: ttlMs / 2 }),
    warnMs: parseDuration('warnBefore', warnBefore, { max: (ttlMs * 2) / 3 }),
    claimMs: Math.min(ttlMs, Math.ceil(parseDuration('claim', claim, { min: 50 }))),
    label: operatorText('label', label),
    signal: abortSignal(given.signal),
    onBusy: oneOf('onBusy', onBusy, ['wait', 'skip', 'fail']),
    onLost: oneOf('onLost', onLost, ['reject', 'ignore']),
    reentrant: flag('reentrant', given.reentrant, false),
    polling: policy('polling', given.polling),
  });
}

/**
 * Finds out what is wrong with a call's options whatever its registry's own are, before there is a registry.
 *
 * @throws as {@link termsOf} does
 */
export function checkCall(options: RunOptions): void {
  const { ttl, maxHold } = options;
  // Where the ttl is the registry's, it may be anything.
  if (ttl === undefined && maxHold !== undefined) parseDuration('maxHold', maxHold, { min: SHORTEST_TTL_MS });
  termsOf({ ttl: LONGEST_TTL_MS, polling: () => giveUp }, ttl === undefined ? { ...options, maxHold: Infinity } : options);
}

/** Text for operators that every server can store. @throws {TypeError} not text */
export function operatorText(option: string, value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`Option "${option}" must be text; got ${typeof value}.`);
  return value.slice(0, LONGEST_LABEL).toWellFormed().replaceAll('\0', '\uFFFD');
}

/** The options of a registry that every call's terms are made of. */
export const termOptions = [...runOptions, 'margin', 'warnBefore', 'claim'];

/** Every option a registry takes. */
export const registryOptions = [
  ...termOptions,
  ...['table', 'create', 'retry', 'waker', 'clock', 'random', 'dialect', 'holder', 'connections', 'fairness', 'maxWaiting', 'closeOnExit'],
];

function abortSignal(value: unknown): AbortSignal | undefined {
  if (value !== undefined && !(value instanceof AbortSignal)) throw new TypeError('Option "signal" must be an AbortSignal.');
  return value;
}

/** An option that is there and `undefined` counts as not given. */
function defined(options: RunOptions): RunOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
