import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../../support/child.js';
import type { GaleraNode } from '../../support/galera-node.js';
import { Journal } from '../history/journal.js';
import type { FaultProxy } from '../../support/fault-proxy.js';
import type { Grounds } from './grounds.js';
import type { Command, Orders } from './orders.js';
import type { WorkloadName } from '../workloads/index.js';
import type { Scene, Way } from './scene.js';

/** A process that contends. */
export interface Worker {
  readonly who: string;
  readonly child: Child;
  /** Its own, where the database is reached by TCP. */
  readonly proxy: FaultProxy | undefined;
  /** The node at which it works, where there are several. */
  readonly node: GaleraNode | undefined;
  tell(command: Command): void;
}

/** What all workers of a trial have in common. */
export type CrewOrders = Pick<Orders, 'lock' | 'lockName' | 'workload' | 'ttlMs'>;

const ENDS_WITHIN_MS = 15_000;

/** The workers of a trial, those that replace the dead included. */
export class Crew {
  /** Those that live. */
  readonly workers: Worker[] = [];
  #started = 0;

  constructor(
    private readonly grounds: Grounds,
    private readonly scene: Scene,
    private readonly folder: string,
    private readonly orders: CrewOrders,
    private readonly seedOf: (number: number) => number,
    private readonly skewOf: (number: number) => number,
  ) {}

  /** Starts so many and lets them begin at one time. */
  async start(count: number, workload = this.orders.workload): Promise<Worker[]> {
    const started = await Promise.all(Array.from({ length: count }, () => this.#start(workload)));
    for (const worker of started) worker.tell({ tell: 'begin' });
    return started;
  }

  /** A worker has died or is about to; its death is in the journal already. */
  async bury(worker: Worker): Promise<void> {
    this.workers.splice(this.workers.indexOf(worker), 1);
    await worker.child.exited;
  }

  /** SIGKILL from outside, at any moment. */
  async kill(worker: Worker): Promise<void> {
    // Before the signal: belief that lasted a little longer is not counted, and never too much is.
    new Journal(join(this.folder, `${worker.who}.death.jsonl`), worker.who).write({ kind: 'died' });
    worker.child.kill('SIGKILL');
    await this.bury(worker);
  }

  /** Waits until a worker has stopped itself. */
  async stopped(worker: Worker): Promise<void> {
    for (let looks = 0; looks < 1_000; looks++) {
      if (/^State:\s+T/m.test(readFileSync(`/proc/${worker.child.pid}/status`, 'utf8'))) return;
      await sleep(10);
    }
    throw new Error(`${worker.who} did not come by the line at which it was to stop.`);
  }

  /** Tells all to stop, and waits until they have ended; returns what they wrote to their outputs. */
  async end(): Promise<string> {
    for (const worker of this.workers) worker.tell({ tell: 'stop' });
    const patience = new AbortController();
    const tooLong = sleep(ENDS_WITHIN_MS, undefined, { signal: patience.signal }).then(
      () => this.workers.forEach(({ child }) => child.kill('SIGKILL')),
      () => undefined,
    );
    await Promise.all(this.workers.map(({ child }) => child.exited));
    patience.abort();
    await tooLong;
    return this.workers.map(({ child }) => child.output).join('');
  }

  async #start(workload: WorkloadName): Promise<Worker> {
    const number = ++this.#started;
    const who = `worker-${number}`;
    const way = await this.scene.newWay();
    const orders = { ...this.#ordersFor(who, number, way), workload };
    const child = Child.start(this.grounds.worker(), [JSON.stringify(orders)], {
      execArgv: ['--enable-source-maps'],
      ...(way.env && { env: way.env }),
    });
    const worker: Worker = { who, child, proxy: way.proxy, node: way.node, tell: (command) => child.send(command) };
    this.workers.push(worker);
    const journal = new Journal(join(this.folder, `${who}.exit.jsonl`), who);
    void child.exited.then(({ code, signal }) => journal.write({ kind: 'exited', clean: code === 0 && signal === null }));
    await child.next();
    return worker;
  }

  #ordersFor(who: string, number: number, { url, directUrl, ledgerUrl }: Way): Orders {
    const journal = join(this.folder, `${who}.jsonl`);
    return { ...this.orders, who, journal, url, directUrl, ledgerUrl, seed: this.seedOf(number), skewMs: this.skewOf(number) };
  }
}
