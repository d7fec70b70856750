import { StatementError } from '../../contracts/session.js';
import { isLockError } from '../../core/errors.js';
import { OTHER } from './group.js';

/** A word of few for what went wrong, for the attribute `error.type`: the stable code of this library or of the driver, else the error's name. */
export function errorTypeOf(error: unknown): string {
  if (isLockError(error)) return error.code;
  if (error instanceof StatementError) return errorTypeOf(error.cause);
  if (!(error instanceof Error)) return OTHER;
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
}
