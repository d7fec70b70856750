import { fakeTimeFolder } from './fake-time.js';

/** What of the matrix this run says nothing about, and why. */
export function absentRows(): string[] {
  return [
    ...(fakeTimeFolder ? [] : ['F5 to F8: libfaketime is not installed; clocks jump inside the worker and inside the database instead']),
    'F13: packet loss needs a network namespace of its own and the rights for it',
    'F25, F26: they need Galera, whose dialect is not there',
    'F30: the specs of each dialect run its statements',
  ];
}
