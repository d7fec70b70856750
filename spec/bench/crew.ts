import { Child } from '../support/child.js';
import type { ContenderName } from './contenders/index.js';
import type { Place } from './contenders/contender.js';
import type * as tasks from './tasks/index.js';
import type { Answer, Order, Start } from './worker.js';

type Tasks = typeof tasks;
type TaskName = keyof Tasks;
type OrderOf<T extends TaskName> = Parameters<Tasks[T]> extends [unknown, infer O, ...unknown[]] ? O : object;
type AnswerOf<T extends TaskName> = Awaited<ReturnType<Tasks[T]>>;

const LONGEST_TASK_MS = 90_000;
let started = 0;

/** A process of its own that runs one contender. */
export class Worker {
  /** The name of its sessions at the server. */
  readonly application: string;
  readonly #child: Child;

  private constructor(start: Start) {
    this.application = `bench ${process.pid} ${++started}`;
    this.#child = Child.start(new URL('worker.ts', import.meta.url), [JSON.stringify(start)], {
      env: { PGAPPNAME: this.application },
      execArgv: ['--expose-gc'],
    });
  }

  /** Starts it; it is ready to work afterwards. */
  static async start(start: Start): Promise<Worker> {
    const worker = new Worker(start);
    await worker.#answer('start');
    return worker;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Gives it one task. Rejects with what went wrong there. */
  async run<T extends TaskName>(task: T, order: OrderOf<T>): Promise<AnswerOf<T>> {
    this.#child.send({ task, order: order as object } satisfies Order);
    return (await this.#answer(task)) as AnswerOf<T>;
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.exited;
  }

  async #answer(task: string): Promise<unknown> {
    const limit = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`A worker has not answered "${task}" within ${LONGEST_TASK_MS} ms.`)), LONGEST_TASK_MS).unref();
    });
    const answer = await Promise.race([this.#child.next<Answer>(), limit]);
    if ('error' in answer) throw new Error(`A worker failed in "${task}": ${answer.error}`);
    return answer.answer;
  }
}

/** Workers of one contender, killed when it is disposed of: nothing that they still wait for is of interest. */
export class Crew implements AsyncDisposable {
  readonly workers: readonly Worker[];

  private constructor(workers: readonly Worker[]) {
    this.workers = workers;
  }

  /** The first is ready before the others start: it makes what the contender needs in the database. */
  static async start(contender: ContenderName, place: Place, size = 1): Promise<Crew> {
    const start: Start = { contender, place };
    const first = await Worker.start(start);
    return new Crew([first, ...(await Promise.all(Array.from({ length: size - 1 }, () => Worker.start(start))))]);
  }

  get first(): Worker {
    const [first] = this.workers;
    if (!first) throw new Error('There is no worker.');
    return first;
  }

  /** Gives all of them the same task at once. */
  all<T extends TaskName>(task: T, order: OrderOf<T>): Promise<AnswerOf<T>[]> {
    return Promise.all(this.workers.map((worker) => worker.run(task, order)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.end()));
  }
}
