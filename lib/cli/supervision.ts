import { exitCodeOf } from './exit-codes.js';

/** The word that makes the program a supervisor. */
export const SUPERVISOR = '__supervise';

/** What ends a program politely, and is passed on to the command. */
export const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const satisfies NodeJS.Signals[];

/** What dlock tells the supervisor. */
export type Order =
  /** The lease lasts until then, by the wall clock of this machine: a dlock that is stopped cannot say that it is over. */
  | { readonly kind: 'lease'; readonly untilMs: number }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }
  /** The lease is lost: TERM, then KILL. */
  | { readonly kind: 'stop' };

/** What the supervisor tells dlock. */
export type Report =
  | { readonly kind: 'started'; readonly group: number }
  /** The command could not be started, for the reason that the system calls `code`. */
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'ended'; readonly end: CommandEnd };

/** How a command ended: by itself with a code, or by a signal. */
export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a shell would report of it. */
export const exitCodeAfter = ({ code, signal }: CommandEnd): number => (signal === null ? (code ?? 0) : exitCodeOf(signal));

/** As the end of a sentence. */
export const spokenEnd = ({ code, signal }: CommandEnd): string =>
  signal === null ? `ended with code ${code ?? 0}` : `was ended by ${signal}`;
