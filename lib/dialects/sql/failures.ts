import type { Failure } from '../../contracts/session.js';

/** It may have been carried out; asking again may help. */
export const unknown: Failure = { outcome: 'unknown', transient: true };
/** Nothing happened; asking again may help. */
export const notDone: Failure = { outcome: 'not-done', transient: true };
/** Nothing happened, because another transaction won the race for the row; asking again may help. */
export const conflict: Failure = { ...notDone, conflict: true };
/** Nothing happened, and nothing will. */
export const refused: Failure = { outcome: 'not-done', transient: false };
/** Nothing happened, because the table is not there or is another one. */
export const missingTable: Failure = { outcome: 'not-done', transient: false, missingTable: true };

/** What a driver's error may carry. */
export interface DriverError {
  readonly code?: unknown;
  readonly severity?: unknown;
  readonly errno?: unknown;
  readonly sqlState?: unknown;
}

/** The driver's own error: while a connection is being made, Sequelize puts one of its own around it and keeps it as `parent`. */
export function driverError(error: unknown): DriverError {
  if (typeof error !== 'object' || error === null) return {};
  const { parent } = error as { parent?: unknown };
  return typeof parent === 'object' && parent !== null ? parent : error;
}
