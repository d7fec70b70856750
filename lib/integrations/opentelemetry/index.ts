import { metrics, trace } from '@opentelemetry/api';
import { rejectUnknown } from '../../core/option-checks.js';
import { firstPart, type Group, guarded } from './group.js';
import { recordMetrics } from './metrics.js';
import { recordSpans } from './spans.js';

/** How {@link instrumentLocks} tells locks apart. */
export interface LockTelemetryOptions {
  /**
   * What stands for a lock's name in metrics, as attribute `lock.group`. Each value is a time series of its own for as long as the process lives,
   * so let there be few. Default: the part of the name before its first `:`.
   */
  readonly group?: Group;
}

/** What {@link instrumentLocks} started. */
export interface LockTelemetry extends Disposable {
  /** Nothing is recorded afterwards; spans of leases that are still held end now. May be called again. */
  readonly stop: () => void;
}

/**
 * Records what the locks of this process do, whatever registry they are of: metrics and spans, by the global providers of OpenTelemetry.
 *
 * Call it after the SDK was started: a meter that was asked for before then records nothing, for ever. Leases and waits that began before are not
 * counted among those that go on. What goes wrong in here, or in an exporter, goes to OpenTelemetry's own log (`diag`) and disturbs no lock.
 *
 * @throws {TypeError} an unknown option, or `group` is not a function
 *
 * @example
 * const telemetry = instrumentLocks({ group: (lockName) => lockName.replace(/\d+/g, '*') });
 */
export function instrumentLocks(options: LockTelemetryOptions = {}): LockTelemetry {
  rejectUnknown(options, ['group']);
  const { group = firstPart } = options;
  if (typeof group !== 'function') throw new TypeError(`Option "group" must be a function of a lock's name; got ${typeof group}.`);
  const groupOf = guarded(group);
  const stops = [recordMetrics(metrics.getMeter(SCOPE), groupOf), recordSpans(trace.getTracer(SCOPE), groupOf)];
  const stop = () => {
    for (const stopOne of stops.splice(0)) stopOne();
  };
  return { stop, [Symbol.dispose]: stop };
}

/** What the instruments and spans are known to come from. */
const SCOPE = 'sequelize-distributed-lock';
