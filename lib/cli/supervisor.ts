import { spawn } from 'node:child_process';
import { systemClock } from '../adapters/system-clock.js';
import { signalGroup } from './process-group.js';
import { type CommandEnd, type Order, PASSED_ON, type Report } from './supervision.js';

/** How often a group that was told to end is looked at. */
const LOOK_MS = 20;

/**
 * Runs a command in a session and process group of its own, and ends that group with TERM, then KILL, when the lease is over, when dlock says so,
 * or when dlock is gone, however it went: the channel between them ends with its process.
 *
 * @param words after how many milliseconds KILL follows, then the command with its arguments
 */
export function supervise([killAfterMs = '', file = '', ...args]: readonly string[]): void {
  // Dlock was gone before this process had begun.
  if (!process.connected) process.exit();
  // Whatever signal comes is dlock's to judge: the supervisor is there until the command has ended.
  for (const signal of PASSED_ON) process.on(signal, () => undefined);
  const child = spawn(file, args, { stdio: 'inherit', detached: true });
  child.once('error', (error: NodeJS.ErrnoException) => leave({ kind: 'failed', code: error.code ?? error.name }));
  if (child.pid === undefined) return;

  const command = new Command(child.pid, Number(killAfterMs));
  report({ kind: 'started', group: child.pid });
  process.on('message', (order: Order) => command.obey(order));
  process.on('disconnect', () => command.stop());
  child.once(
    'exit',
    (code, signal) => void command.ended().then(() => leave({ kind: 'ended', end: { code, signal } satisfies CommandEnd })),
  );
}

class Command {
  #phase: 'running' | 'stopping' | 'killed' | 'ended' = 'running';
  #endOfLease: (() => void) | undefined;

  constructor(
    private readonly group: number,
    private readonly killAfterMs: number,
  ) {}

  obey(order: Order): void {
    switch (order.kind) {
      case 'lease':
        this.#endOfLease?.();
        this.#endOfLease = systemClock.after(Math.max(0, order.untilMs - systemClock.now().wallMs), () => this.stop(), true);
        return;
      case 'signal':
        if (this.#phase !== 'ended') signalGroup(this.group, order.signal);
        return;
      case 'stop':
        return this.stop();
    }
  }

  /** TERM, and KILL to what is left after the grace. */
  stop(): void {
    if (this.#phase !== 'running') return;
    this.#phase = 'stopping';
    signalGroup(this.group, 'SIGTERM');
    // What is stopped gets no other signal than KILL.
    signalGroup(this.group, 'SIGCONT');
    systemClock.after(this.killAfterMs, () => this.#kill(), true);
  }

  /** The first process of the group has ended. One that was told to stop is over when the others have ended too, or were killed. */
  async ended(): Promise<void> {
    this.#endOfLease?.();
    if (this.#phase === 'running') this.#phase = 'ended';
    while (this.#phase === 'stopping' && signalGroup(this.group, 0)) await systemClock.sleep(LOOK_MS);
    this.#phase = 'ended';
  }

  #kill(): void {
    if (this.#phase !== 'stopping') return;
    this.#phase = 'killed';
    signalGroup(this.group, 'SIGKILL');
  }
}

function report(what: Report, sent: () => void = () => undefined): void {
  if (process.connected && process.send) process.send(what, undefined, undefined, sent);
  else sent();
}

/** The last word. */
function leave(what: Report): void {
  report(what, () => process.exit());
}
