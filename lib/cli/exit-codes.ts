import { constants } from 'node:os';

interface ExitCode {
  readonly code: number;
  readonly means: string;
}

/** How the program ends. From 64 to 78 the numbers are those of `sysexits.h`; `exec` also ends as its command did. */
export const EXIT = {
  done: { code: 0, means: 'done; with --skip also: held elsewhere, and nothing was run' },
  no: { code: 1, means: 'no: nobody holds the lock (show, release), or a risk was found (doctor)' },
  usage: { code: 64, means: 'the command line is wrong, or release lacks --force; nothing was changed' },
  unavailable: { code: 69, means: 'the database failed or cannot be reached' },
  internal: { code: 70, means: 'an error of dlock itself, or its supervisor was killed' },
  busy: { code: 75, means: 'with --fail: the lock is held elsewhere, and nothing was run' },
  config: { code: 78, means: 'no database that keeps locks is named, or its driver or the lock table is missing' },
  waited: { code: 79, means: 'the lock was still held elsewhere when --wait was over, and nothing was run' },
  lost: { code: 80, means: 'the lease was lost while the command ran; if it had not ended by itself, it was ended' },
  notRunnable: { code: 126, means: 'the command was found and could not be run' },
  notFound: { code: 127, means: 'there is no such command' },
} as const satisfies Record<string, ExitCode>;

/** The table of `--help` and of the documents; signals have a row and no single number. */
export const exitCodes: readonly { readonly code: string; readonly means: string }[] = [
  ...Object.values(EXIT).map(({ code, means }) => ({ code: String(code), means })),
  { code: '128+n', means: 'signal n ended the command, or came while dlock waited for the lock' },
];

/** What a shell reports of a process that `signal` ended. */
export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** The table as `--help` prints it. */
export function exitCodeHelp(): string {
  return ['Exit codes:', ...exitCodes.map(({ code, means }) => `  ${code.padEnd(7)}${means}`)].join('\n');
}
