import { MariadbServer } from '../../support/mariadb-server.js';
import { fakeTimeFolder } from './fake-time.js';
import type { Fault } from './fault.js';
import type { DatabaseKind } from './scene.js';

const noMariadb = MariadbServer.isInstalled() ? undefined : 'MariaDB is not installed';

/** The databases that this machine cannot give, and why. */
export const missingKinds: Readonly<Partial<Record<DatabaseKind, string | undefined>>> = {
  faketime: fakeTimeFolder ? undefined : 'libfaketime is not installed; clocks jump inside the worker and inside the database instead',
  mariadb: noMariadb,
  mysql: noMariadb,
};

/** What of the matrix this run says nothing about, and why. */
export function absentRows(faults: readonly Fault[]): string[] {
  return [
    ...Object.entries(missingKinds).flatMap(([kind, why]) => (why === undefined ? [] : `${kind}: ${why}`)),
    ...faults.flatMap(({ id, missing }) => (missing === undefined ? [] : `${id}: ${missing}`)),
    'F25, F26: they need a Galera cluster',
    'F30: the specs of each dialect run its statements',
  ];
}
