import { CommanderError } from 'commander';
import {
  isLockError,
  LeaseLostError,
  LockBusyError,
  type LockError,
  type LockErrorCode,
  LockTableError,
  LockTimeoutError,
} from '../index.js';
import { EXIT } from './exit-codes.js';
import { heldBy, quoted } from './output.js';
import { type CommandEnd, spokenEnd } from './supervision.js';

/** An end of the program that a user can do something about. */
export class CliError extends Error {
  constructor(
    readonly exitCode: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** How the program ends after an error, and what it says; an empty message: all has been said. */
export interface Failure {
  readonly exitCode: number;
  readonly message: string;
}

/** What any error means to whoever typed the command. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CliError) return error;
  if (error instanceof CommanderError) return usageFailure(error);
  if (isLockError(error)) return { exitCode: exitCodeOfLock[error.code], message: lockMessage(error) };
  return { exitCode: EXIT.internal.code, message: error instanceof Error ? error.message : String(error) };
}

function usageFailure({ exitCode, message, code }: CommanderError): Failure {
  // Help and version that were asked for are no errors; help for want of a command has been printed.
  if (exitCode === 0) return { exitCode, message: '' };
  if (code === 'commander.help') return { exitCode: EXIT.usage.code, message: 'There is no command. Choose one of those above.' };
  return { exitCode: EXIT.usage.code, message: `${message.replace(/^error: /, '').replace(/\.$/, '')}. See dlock --help.` };
}

const exitCodeOfLock: Readonly<Record<LockErrorCode, number>> = {
  LOCK_TIMEOUT: EXIT.waited.code,
  LOCK_BUSY: EXIT.busy.code,
  LEASE_LOST: EXIT.lost.code,
  LOCK_STORE: EXIT.unavailable.code,
  LOCK_TABLE: EXIT.config.code,
  LOCK_DEADLOCK: EXIT.internal.code,
  LOCK_REGISTRY_NOT_CONFIGURED: EXIT.internal.code,
  LOCK_REGISTRY_CLOSED: EXIT.internal.code,
};

/** The library's advice names functions; here it names options. */
function lockMessage(error: LockError): string {
  const lock = quoted(error.lockName ?? '');
  if (error instanceof LockTimeoutError)
    return `Lock ${lock} was still held${heldBy(error.occupant)} after ${Math.round(error.waitedMs)} ms. Wait longer with --wait, or see dlock show.`;
  if (error instanceof LockBusyError) return `Lock ${lock} is held${heldBy(error.occupant)}. Stand in line with --wait.`;
  if (error instanceof LockTableError && error.columns.length === 0)
    return `There is no lock table "${error.table}" in this database. Make it with dlock init, or name another one with --table.`;
  if (error instanceof LeaseLostError && error.result !== undefined)
    // The body of exec resolves with nothing else.
    return `${error.message} The command ${spokenEnd(error.result as CommandEnd)}.`;
  return error.message;
}
