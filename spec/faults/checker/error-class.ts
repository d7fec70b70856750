import { askKey, ofKind } from '../history/event.js';
import type { Criterion } from './criterion.js';

const known = [
  ...['LockTimeoutError', 'LockBusyError', 'LeaseLostError', 'LockDeadlockError', 'LockStoreError', 'LockTableError'],
  ...['LockRegistryNotConfiguredError', 'LockRegistryClosedError', 'TypeError', 'RangeError'],
  // The caller's own reason, which comes back as it is.
  'AbortError',
];

/** C9: every rejection is of a class that callers can tell apart; a driver's error is only ever a cause. */
export const errorClass: Criterion = (history) =>
  ofKind(history, 'failed')
    .filter(({ error }) => !known.includes(error.split(':')[0] ?? ''))
    .map((event) => ({ criterion: 'C9', text: `${askKey(event)} failed with ${event.error}` }));
