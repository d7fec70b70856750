import { fakeTimeFolder } from './fake-time.js';
import type { Fault } from './fault.js';

/** What of the matrix this run says nothing about, and why. */
export function absentRows(faults: readonly Fault[]): string[] {
  return [
    ...faults.flatMap(({ id, missing }) => (missing === undefined ? [] : `${id}: ${missing}`)),
    ...(fakeTimeFolder ? [] : ['F5 to F8: libfaketime is not installed; clocks jump inside the worker and inside the database instead']),
    'F25, F26: they need Galera, whose dialect is not there',
    'F30: the specs of each dialect run its statements',
  ];
}
