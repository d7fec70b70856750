/** The columns of the lock table, the same on every server. */
export const LOCK_COLUMNS = [
  'name',
  'owner',
  'token',
  'token_top',
  'acquired_at',
  'expires_at',
  'released_at',
  'holder',
  'label',
  'line',
  'line_until',
  'revoked',
] as const;

/** True where every column this version needs is there; a newer version may have added some. */
export const isLockTable = (columns: readonly string[]) => LOCK_COLUMNS.every((column) => columns.includes(column));

/** True for the table of Sequelize Distributed Lock, from which this library descends. */
export const isAncestorsTable = (columns: readonly string[]) => ['mutex', 'ts', 'node_id'].every((column) => columns.includes(column));
