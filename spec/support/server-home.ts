import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Servers refuse to run as root; every Unix has a user without rights. */
export const user: User | undefined =
  process.getuid?.() === 0
    ? { uid: Number(execFileSync('id', ['-u', 'nobody'])), gid: Number(execFileSync('id', ['-g', 'nobody'])) }
    : undefined;

/** How a server is started. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  /** Whether the server accepts connections. */
  readonly isReady: () => boolean | Promise<boolean>;
  readonly withinMs: number;
}

/** A temporary folder with a database server that works in it. Both are gone when this process is, however it went. */
export class ServerHome {
  readonly folder: string;
  readonly #guard: ChildProcess;
  readonly #env: NodeJS.ProcessEnv;
  #server: ChildProcess | undefined;

  constructor(kind: string, env: NodeJS.ProcessEnv = {}) {
    this.folder = mkdtempSync(join(tmpdir(), `locks-${kind}-`));
    this.#guard = startGuard(this.folder);
    this.#env = env;
    if (user) chownSync(this.folder, user.uid, user.gid);
  }

  get dataFolder(): string {
    return join(this.folder, 'data');
  }

  /** The server's process id while it runs. */
  get pid(): number | undefined {
    return this.#server?.pid;
  }

  /** What was logged here, over restarts. */
  get log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  /** The lines of a file in the folder; none where there is no such file. A server that starts deletes the notes of the one before. */
  linesOf(...path: readonly string[]): string[] {
    try {
      return readFileSync(join(this.folder, ...path), 'utf8').split('\n');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** Runs a job to its end, and answers what it logged. Rejects where it fails. */
  async run(file: string, ...args: string[]): Promise<string> {
    const job = this.#spawn(file, args);
    const before = this.log.length;
    await once(job, 'exit');
    if (job.exitCode !== 0) throw new Error(`${file} failed:\n${this.log.slice(before)}`);
    return this.log.slice(before);
  }

  /** Starts the server; resolves when it is ready. One that does not become ready is ended: another may be started in its place. */
  async start({ file, args, isReady, withinMs }: Launch): Promise<void> {
    const server = (this.#server = this.#spawn(file, args));
    const deadline = Date.now() + withinMs;
    try {
      while (!(await isReady())) {
        if (hasEnded(server) || Date.now() > deadline) throw new Error(`${file} did not start:\n${this.log}`);
        await setTimeout(10);
      }
    } catch (error) {
      await this.kill('SIGKILL');
      throw error;
    }
  }

  /** Sends the server a signal and waits until it is gone. Harmless when it does not run. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server || hasEnded(server)) return;
    const gone = once(server, 'exit');
    server.kill(signal);
    // A stopped process (SIGSTOP) hears most signals only when it goes on.
    server.kill('SIGCONT');
    await gone;
    this.#guard.stdin?.write('\n');
  }

  /** Deletes the folder. The server is to be ended before. */
  async remove(): Promise<void> {
    const gone = once(this.#guard, 'exit');
    this.#guard.ref();
    this.#guard.stdin?.end();
    await gone;
  }

  #spawn(file: string, args: readonly string[]): ChildProcess {
    const log = openSync(join(this.folder, 'log'), 'a');
    try {
      // A MariaDB server that starts deletes what it takes for an earlier one's temporary tables, those of its neighbours included.
      const env = { ...process.env, LC_ALL: 'C', TMPDIR: this.folder, ...this.#env };
      const child = spawn(file, args, { ...user, cwd: this.folder, env, stdio: ['ignore', log, log] });
      this.#guard.stdin?.write(`${child.pid ?? ''}\n`);
      return child;
    } finally {
      closeSync(log);
    }
  }
}

/**
 * Waits until this process is gone, however it went, or closes the pipe; then ends what it was last told of and deletes the folder.
 * A hook of this process would not do: nothing runs in it after SIGKILL.
 */
function startGuard(home: string): ChildProcess {
  const script = `
    while read -r line; do pid=$line; done
    [ -n "$pid" ] && kill -QUIT "$pid" && kill -CONT "$pid"
    until rm -rf "$0"; do sleep 0.1; done`; // until nobody writes there any more
  const child = spawn('sh', ['-c', script, home], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
