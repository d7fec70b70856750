import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Compiled } from '../support/compiled.js';
import type { Exit } from '../support/child.js';

/** What a finished program has left. */
export interface Result extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

interface Surroundings {
  readonly env?: NodeJS.ProcessEnv;
  /** A process group of its own, as a shell gives it to what it runs in a terminal. */
  readonly ownGroup?: boolean;
}

const compiled = new Compiled();
/** The compiled program. */
export const PROGRAM = fileURLToPath(compiled.program(new URL('../../lib/cli/main.ts', import.meta.url)));
process.once('exit', () => compiled.remove());

/** The real program as a process of its own. `start` it, or `run` it to its end. */
export class Dlock {
  static readonly #running = new Set<Dlock>();
  /** Settles when the process has ended. */
  readonly exited: Promise<Exit>;
  /** Settles when all that wrote to its output have ended too: its supervisor, the command, and what that has started. */
  readonly closed: Promise<Result>;
  readonly #process: ChildProcess;
  #stdout = '';
  #stderr = '';

  static start(args: readonly string[], surroundings: Surroundings = {}): Dlock {
    return new Dlock(args, surroundings);
  }

  /** Runs it to its end, with nothing to read. */
  static run(args: readonly string[], surroundings: Surroundings = {}): Promise<Result> {
    const dlock = new Dlock(args, surroundings);
    dlock.write('');
    return dlock.closed;
  }

  /** Kills what a spec has left running. */
  static async endAll(): Promise<void> {
    await Promise.all([...Dlock.#running].map((dlock) => (dlock.kill('SIGKILL'), dlock.closed)));
  }

  private constructor(args: readonly string[], { env, ownGroup = false }: Surroundings) {
    this.#process = spawn(process.execPath, [PROGRAM, ...args], {
      stdio: 'pipe',
      detached: ownGroup,
      env: { ...process.env, DATABASE_URL: undefined, ...env },
    });
    Dlock.#running.add(this);
    this.#process.stdin?.on('error', () => undefined); // what nobody reads
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.exited = once(this.#process, 'exit').then(([code, signal]: unknown[]) => ({ code, signal }) as Exit);
    this.closed = once(this.#process, 'close').then(([code, signal]: unknown[]) => {
      Dlock.#running.delete(this);
      return { code, signal, stdout: this.#stdout, stderr: this.#stderr } as Result;
    });
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error('The program did not start.');
    return this.#process.pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Writes all that is to be read from its standard input. */
  write(text: string): void {
    this.#process.stdin?.end(text);
  }

  /** Waits until its standard output has what `pattern` matches. */
  async output(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#stdout);
      if (found) return found;
      const ended = await Promise.race([
        this.closed,
        this.#process.stdout ? once(this.#process.stdout, 'data').then(() => undefined) : undefined,
      ]);
      if (ended && !pattern.test(this.#stdout)) throw new Error(`It ended without ${String(pattern)}: ${JSON.stringify(ended)}`);
    }
  }
}
