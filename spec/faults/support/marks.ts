/** What a statement is for. */
export type StatementKind = 'acquire' | 'renew' | 'release';

/**
 * By what a statement is known on the wire: the name under which it was prepared, or a piece of its text, where it went unnamed behind a
 * pooler and on servers that give numbers. If the library changes these, faults that need them find nothing to do, and fail.
 */
export const marksOf: Readonly<Record<StatementKind, readonly string[]>> = {
  acquire: ['dlock_ask', 'dlock_take_free', 'dlock_join', 'dlock_confirm', 'taken AS (', 'ON DUPLICATE KEY UPDATE'],
  renew: ['dlock_renew', 'renewed AS (', 'STRAIGHT_JOIN'],
  release: ['dlock_release', 'AS commits\n  FROM clock_timestamp()', 'SET owner = NULL, token = ', 'WHEN NOT (owner <=> '],
};
