import { type ChildProcess, spawn } from 'node:child_process';
import { systemClock } from '../adapters/system-clock.js';
import type { Lease, LockRegistry } from '../index.js';
import { EXIT } from './exit-codes.js';
import { CliError } from './failure.js';
import { quoted } from './output.js';
import { signalGroup } from './process-group.js';
import type { Signals } from './signals.js';
import { type CommandEnd, type Order, type Report, SUPERVISOR } from './supervision.js';

/** A command to be run under a lease. */
export interface Supervised {
  readonly command: readonly string[];
  /** From TERM to KILL. */
  readonly killAfterMs: number;
  readonly lease: Lease;
  readonly locks: LockRegistry;
  readonly signals: Signals;
}

/**
 * Runs the command under a supervisor, which ends it when the lease is over, and when this process is gone, by SIGKILL too.
 *
 * @throws {CliError} it could not be started, or the supervisor itself was killed; then the command was killed as well
 */
export async function runSupervised({ command, killAfterMs, lease, locks, signals }: Supervised): Promise<CommandEnd> {
  const supervisor = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', SUPERVISOR, String(killAfterMs), ...command], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // A session of its own: what a terminal or a shell does to the process group of dlock, a Ctrl-Z or a kill, it must outlive.
    detached: true,
    env: { ...process.env, LOCK_NAME: lease.name, LOCK_TOKEN: String(lease.fencingToken) },
  });
  const tell = (order: Order): void => {
    if (supervisor.connected) supervisor.send(order, () => undefined);
  };
  const tellLease = (): void => tell({ kind: 'lease', untilMs: systemClock.now().wallMs + lease.remainingMs });
  const tellLoss = (): void => tell({ kind: 'stop' });

  tellLease();
  locks.on('renewed', tellLease);
  lease.signal.addEventListener('abort', tellLoss, { once: true });
  signals.passTo((signal) => tell({ kind: 'signal', signal }));
  try {
    return await endOf(supervisor, command[0] ?? '');
  } finally {
    locks.off('renewed', tellLease);
    lease.signal.removeEventListener('abort', tellLoss);
  }
}

/** Settles with the supervisor's last report, or when it is gone without one. */
function endOf(supervisor: ChildProcess, command: string): Promise<CommandEnd> {
  let group: number | undefined;
  return new Promise<CommandEnd>((resolve, reject) => {
    supervisor.on('message', (report: Report) => {
      switch (report.kind) {
        case 'started':
          group = report.group;
          return;
        case 'failed':
          return reject(notStarted(command, report.code));
        case 'ended':
          return resolve(report.end);
      }
    });
    supervisor.once('error', reject);
    supervisor.once('disconnect', () => reject(new Unwatched()));
  }).catch((error: unknown) => {
    // What nobody watches must not outlive the lease.
    if (error instanceof Unwatched && group !== undefined) signalGroup(group, 'SIGKILL');
    throw error;
  });
}

class Unwatched extends CliError {
  constructor() {
    super(EXIT.internal.code, 'The supervisor of the command was killed, so the command was killed too. Run it again.');
  }
}

function notStarted(command: string, code: string): CliError {
  return code === 'ENOENT'
    ? new CliError(EXIT.notFound.code, `There is no command ${quoted(command)}. Check its spelling and PATH.`)
    : new CliError(EXIT.notRunnable.code, `The command ${quoted(command)} cannot be run (${code}). Check that it is executable.`);
}
