import { fork, type ChildProcess, type ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Message } from './parent.js';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

type ChildOptions = Pick<ForkOptions, 'env' | 'execArgv' | 'cwd'>;

const running = new Set<Child>();

/**
 * A file, TypeScript or compiled, that runs as a process of its own and talks to the spec in messages (`parent.ts` is the other end).
 * It is killed when the spec that started it ends, whatever became of the spec.
 */
export class Child {
  /** Settles when the process is gone and its output is complete. */
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcess;
  readonly #unread: Message[] = [];
  readonly #readers: Reader[] = [];
  #output = '';
  #ended: Exit | undefined;

  /** Starts `file` (a URL, or relative to `spec/support`); its arguments arrive in `process.argv`. */
  static start(file: string | URL, args: readonly string[] = [], options: ChildOptions = {}): Child {
    return new Child(fileURLToPath(new URL(file, import.meta.url)), args, options);
  }

  private constructor(path: string, args: readonly string[], { env, execArgv = [], ...rest }: ChildOptions) {
    this.#process = fork(path, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...env },
      execArgv: [...(path.endsWith('.ts') ? TSX : []), ...execArgv],
      ...rest,
    });
    running.add(this);
    this.#process.on('message', (message: Message) => this.#receive(message));
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    this.exited = once(this.#process, 'close').then(([code, signal]: unknown[]) => this.#leave({ code, signal } as Exit));
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error(`The process did not start.\n${this.#output}`);
    return this.#process.pid;
  }

  /** What it has written to stdout and stderr so far. */
  get output(): string {
    return this.#output;
  }

  /** The next message it sent and nobody has read yet; rejects where it exits without one. */
  async next<M extends Message>(): Promise<M> {
    if (this.#unread.length > 0) return this.#unread.shift() as M;
    if (this.#ended) throw this.#silence(this.#ended);
    return new Promise((resolve, reject) => this.#readers.push({ resolve: resolve as (message: Message) => void, reject }));
  }

  /** All messages until it exits. */
  async all<M extends Message>(): Promise<M[]> {
    await this.exited;
    return this.#unread.splice(0) as M[];
  }

  /** Sends a message; one that comes too late for the process is lost. */
  send(message: Message): void {
    this.#process.send(message, () => undefined);
  }

  /** Sends a real signal: SIGKILL for a crash, SIGSTOP and SIGCONT for a process that was away. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  #receive(message: Message): void {
    const reader = this.#readers.shift();
    if (reader) reader.resolve(message);
    else this.#unread.push(message);
  }

  #leave(exit: Exit): Exit {
    running.delete(this);
    this.#ended = exit;
    for (const reader of this.#readers.splice(0)) reader.reject(this.#silence(exit));
    return exit;
  }

  #silence({ code, signal }: Exit): Error {
    return new Error(`The process ended (${signal ?? `code ${code}`}) without another message.\n${this.#output}`);
  }
}

/** Kills every process that a spec has left behind, stopped ones included. */
export async function endChildren(): Promise<void> {
  await Promise.all([...running].map((child) => (child.kill('SIGKILL'), child.exited)));
}

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const TSX = ['--import', import.meta.resolve('tsx')];

interface Reader {
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
}
