import { hear, tell } from '../support/parent.js';
import { type ContenderName, load } from './contenders/index.js';
import type { Client, Place } from './contenders/contender.js';
import { countStatements } from './statement-count.js';
import * as tasks from './tasks/index.js';

/** One task. */
export interface Order {
  readonly task: keyof typeof tasks;
  readonly order: object;
}

/** What comes back. */
export type Answer = { readonly answer: unknown } | { readonly error: string };

/** What a worker is started with. */
export interface Start {
  readonly contender: ContenderName;
  readonly place: Place;
}

const { contender, place } = JSON.parse(process.argv[2] ?? '') as Start;

countStatements();
const client = await (await load(contender))(place);
await (
  await client.acquire(`ready ${process.pid}`)
)(); // connections are open, and the code is loaded
await tell({ answer: 'ready' } satisfies Answer);

for (;;) {
  const { task, order } = await hear<Order & object>();
  await tell(await carryOut(tasks[task] as (client: Client, order: object) => Promise<unknown>, order));
}

async function carryOut(task: (client: Client, order: object) => Promise<unknown>, order: object): Promise<Answer> {
  try {
    return { answer: (await task(client, order)) ?? null };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
