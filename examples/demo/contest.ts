import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Command, nowMs, type Order, type Report } from './messages.js';
import type { Entry, Kill } from './verdict.js';

/** A worker as the director sees it. */
export interface Contender {
  readonly number: number;
  readonly pid: number | undefined;
  state: 'starts' | 'waits' | 'works' | 'rests' | 'killed' | 'done';
  /** Since when it is in this state. */
  sinceMs: number;
  /** Of its last entry. */
  token: number | undefined;
  waitedMs: number;
}

/** Something that is worth a line. */
export interface Scene {
  readonly contender: Contender;
  readonly what: 'enters' | 'is killed' | 'takes over';
}

const WORKERS = 4;
const CONTENTION_MS = 2_000;
/** Longer than the interval of renewals, so that the lease of the one who is killed has just been renewed. */
const STAY_MS = 1_000;

/** Several processes, one lock, and one sudden death. */
export class Contest {
  readonly startedMs = nowMs();
  readonly contenders: readonly Contender[];
  readonly history: Entry[] = [];
  readonly failures: string[] = [];
  kill: Kill | undefined;
  readonly #processes: readonly ChildProcess[];
  readonly #changes = new EventEmitter();
  readonly #show: (scene: Scene) => void;
  #stays = false;

  constructor(order: Order, show: (scene: Scene) => void) {
    this.#show = show;
    this.#processes = Array.from({ length: WORKERS }, () => startWorker(order));
    this.contenders = this.#processes.map(({ pid }, at) => ({
      number: at + 1,
      pid,
      state: 'starts',
      sinceMs: this.startedMs,
      token: undefined,
      waitedMs: 0,
    }));
    for (const [at, contender] of this.contenders.entries()) this.#listen(contender, this.#processes[at]);
  }

  /** Rejects when `signal` aborts or a worker fails. */
  async run(signal: AbortSignal): Promise<void> {
    const victim = this.contenders[Math.floor(Math.random() * WORKERS)];
    if (!victim) return;
    await this.#until(() => this.contenders.every(({ state }) => state !== 'starts'), signal);
    await sleep(CONTENTION_MS, undefined, { signal });
    this.#tell(victim, 'stay');
    await this.#until(() => this.#stays, signal);
    await sleep(STAY_MS, undefined, { signal });
    this.#killInMidWork(victim);
    await this.#until(() => this.contenders.some(({ state }) => state === 'works'), signal);
    await sleep(CONTENTION_MS, undefined, { signal });
    for (const contender of this.contenders) if (contender !== victim) this.#tell(contender, 'stop');
    await this.#until(() => this.contenders.every(({ state }) => state === 'done' || state === 'killed'), signal);
  }

  /** Ends what still runs. */
  end(): void {
    for (const process of this.#processes) process.kill('SIGKILL');
  }

  #listen(contender: Contender, process: ChildProcess | undefined): void {
    process?.on('message', (report: Report) => this.#hear(contender, report));
    process?.once('exit', (code, signal) => this.#left(contender, signal ?? `code ${code}`));
  }

  #hear(contender: Contender, report: Report): void {
    const { state, sinceMs } = contender;
    contender.sinceMs = report.atMs;
    switch (report.kind) {
      case 'waits':
        contender.state = 'waits';
        break;
      case 'enters':
        contender.state = 'works';
        contender.token = report.token;
        contender.waitedMs = report.atMs - sinceMs;
        this.#show({ contender, what: this.#isFirstAfterKill(report.atMs) ? 'takes over' : 'enters' });
        this.#stays ||= report.stays;
        break;
      case 'leaves':
        if (state === 'works') this.#enter(contender, sinceMs, report.atMs);
        contender.state = 'rests';
        break;
    }
    this.#changes.emit('change');
  }

  #isFirstAfterKill(atMs: number): boolean {
    const { kill } = this;
    return kill !== undefined && atMs >= kill.atMs && !this.history.some(({ enteredMs }) => enteredMs >= kill.atMs);
  }

  #enter({ number, token = 0, waitedMs }: Contender, enteredMs: number, leftMs: number): void {
    this.history.push({ worker: number, token, waitedMs, enteredMs, leftMs });
  }

  #killInMidWork(contender: Contender): void {
    this.#processes[contender.number - 1]?.kill('SIGKILL');
    const atMs = nowMs();
    this.kill = { worker: contender.number, atMs };
    if (contender.state === 'works') this.#enter(contender, contender.sinceMs, atMs);
    contender.state = 'killed';
    contender.sinceMs = atMs;
    this.#show({ contender, what: 'is killed' });
  }

  #left(contender: Contender, how: string): void {
    if (contender.state === 'killed') return;
    contender.state = 'done';
    if (how !== 'code 0') this.failures.push(`Worker ${contender.number} ended with ${how}.`);
    this.#changes.emit('change');
  }

  #tell(contender: Contender, command: Command): void {
    this.#processes[contender.number - 1]?.send(command);
  }

  async #until(isSo: () => boolean, signal: AbortSignal): Promise<void> {
    while (!isSo()) {
      const [failure] = this.failures;
      if (failure !== undefined) throw new Error(failure);
      await once(this.#changes, 'change', { signal });
    }
  }
}

function startWorker(order: Order): ChildProcess {
  const path = fileURLToPath(new URL('worker.ts', import.meta.url));
  return fork(path, [JSON.stringify(order)], { execArgv: ['--import', import.meta.resolve('tsx')] });
}
