import { GaleraCluster } from '../../support/galera-cluster.js';
import { MariadbServer } from '../../support/mariadb-server.js';
import { isRequired } from '../../support/requirements.js';
import { fakeTimeFolder } from '../../support/fake-time.js';
import type { Fault } from './fault.js';
import type { DatabaseKind } from './scene.js';

const noMariadb = MariadbServer.isInstalled() ? undefined : 'MariaDB is not installed';

/** The databases that this machine cannot give, and why. */
export const missingKinds: Readonly<Partial<Record<DatabaseKind, string | undefined>>> = {
  faketime: fakeTimeFolder ? undefined : 'libfaketime is not installed; clocks jump inside the worker and inside the database instead',
  mariadb: noMariadb,
  mysql: noMariadb,
  galera: GaleraCluster.missing(),
};

/** What is missing of what `LOCKS_REQUIRE` asks for. */
export function missingAlthoughRequired(): string[] {
  return Object.entries(missingKinds).flatMap(([kind, why]) =>
    why !== undefined && isRequired(kind) ? `LOCKS_REQUIRE asks for ${kind}, but ${why}` : [],
  );
}

/** What is missing for the databases of these faults. */
export function missingFor(faults: readonly Fault[]): string[] {
  const kinds = new Set(faults.flatMap(({ databases }) => databases));
  return Object.entries(missingKinds).flatMap(([kind, why]) =>
    why !== undefined && kinds.has(kind as DatabaseKind) ? `${kind}: ${why}` : [],
  );
}

/** What of the matrix this run says nothing about, and why. */
export function absentRows(faults: readonly Fault[]): string[] {
  return [
    ...missingFor(faults),
    ...faults.flatMap(({ id, missing }) => (missing === undefined ? [] : `${id}: ${missing}`)),
    'F30: the specs of each dialect run its statements',
  ];
}
