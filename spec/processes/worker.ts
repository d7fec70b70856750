import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { DistributedLock, fixedPolling, LockRegistry } from '../../lib/index.js';
import { connect } from '../support/databases.js';
import { hear, tell } from '../support/parent.js';

// A replica of an application: it gets ready, is told what to do, and tells what came of it.

/** What a replica can be told. */
export type Task =
  | { readonly do: 'count'; readonly name: string; readonly file: string; readonly times: number; readonly locked: boolean }
  | { readonly do: 'try'; readonly name: string }
  | { readonly do: 'hold'; readonly name: string; readonly ttl: number }
  | { readonly do: 'leave'; readonly name: string; readonly release: boolean }
  | { readonly do: 'work'; readonly name: string };

/** What it tells. */
export interface Told {
  readonly won?: boolean;
  readonly token?: number;
  readonly finished?: boolean;
  readonly error?: string;
}

/** Counts in a file, by reading, pausing and writing: `count`, how often the one before was another process, and who that was. */
async function increment(file: string): Promise<void> {
  const [count = 0, changes = 0, last = 0] = readFileSync(file, 'utf8').split(' ').map(Number);
  await setTimeout(1);
  writeFileSync(file, [count + 1, last === process.pid ? changes : changes + 1, process.pid].join(' '));
}

const url = process.argv[2] ?? '';

async function perform(locks: LockRegistry, task: Task): Promise<Told> {
  switch (task.do) {
    case 'count': {
      const once = () => increment(task.file);
      await Promise.all(Array.from({ length: task.times }, () => (task.locked ? locks.run(task.name, once, { wait: '30s' }) : once())));
      return {};
    }
    case 'try': {
      const lease = await locks.tryAcquire(task.name);
      return { won: lease !== undefined };
    }
    case 'hold': {
      const lease = await locks.acquire(task.name, { ttl: task.ttl });
      void hear().then(() => lease.release()); // and keeps the process alive until then
      return { token: lease.fencingToken };
    }
    case 'leave': {
      const lease = await locks.acquire(task.name, { ttl: '30s' });
      if (task.release) await lease.release();
      return { token: lease.fencingToken };
    }
    case 'work': {
      // Two tables, so two registries: the one that has nothing to wait for must not end the process under the other.
      const queryInterface = connect(url).getQueryInterface();
      await new DistributedLock(task.name, { queryInterface, lockTableName: `${task.name}_other` }).lock(() => undefined);
      await new Promise<void>((started) => {
        void new DistributedLock(task.name, { queryInterface }).lock(async () => {
          started();
          await setTimeout(500);
          await tell({ finished: true } satisfies Told);
        });
      });
      return {};
    }
  }
}

// Who waits looks often, where there is nothing that would wake it: these specs are not about that.
const locks = new LockRegistry(connect(url), { polling: fixedPolling(20) });
await tell('ready');
const task = await hear<Task>();
await tell(await perform(locks, task).catch((error: unknown): Told => ({ error: String(error) })));
