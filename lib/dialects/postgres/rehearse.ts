import type { LockStatements } from '../../contracts/dialect.js';

/** No lock's key is empty. */
const nobody = { key: '', owner: '', usedToken: 0, restMs: 0, ttlMs: 0, claimMs: 0, holder: '', label: '', notAfter: undefined };

/**
 * A named statement is parsed and planned at its first use on a connection (https://www.postgresql.org/docs/current/sql-prepare.html),
 * which takes longer than carrying it out.
 */
export function rehearsingStatements({
  confirm,
  release,
}: Pick<LockStatements, 'confirm' | 'release'>): Required<Pick<LockStatements, 'rehearseConfirm' | 'rehearseRelease'>> {
  return { rehearseConfirm: () => confirm(nobody), rehearseRelease: () => release(nobody) };
}
