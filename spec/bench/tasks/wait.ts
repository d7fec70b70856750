import { setTimeout } from 'node:timers/promises';
import type { Client, Release } from '../contenders/contender.js';
import { machineMs, statements } from '../statement-count.js';

const held: Release[] = [];
const entered: Promise<number>[] = [];
const AT_ONCE = 50;

/** Takes locks and keeps them. */
export async function hold(client: Client, { names }: { readonly names: readonly string[] }): Promise<void> {
  for (let at = 0; at < names.length; at += AT_ONCE) {
    held.push(...(await Promise.all(names.slice(at, at + AT_ONCE).map((name) => client.acquire(name)))));
  }
}

/** Lets go of all; answers when it began to, on the machine's clock. */
export async function letGo(): Promise<number> {
  const sinceMs = machineMs();
  await Promise.all(held.splice(0).map((release) => release()));
  return sinceMs;
}

/** Stands in line for each of these, and lets go as soon as it is inside. */
export async function wait(client: Client, { names }: { readonly names: readonly string[] }): Promise<void> {
  for (const name of names) {
    const entry = client.acquire(name).then(async (release) => {
      const atMs = machineMs();
      await release();
      return atMs;
    });
    entry.catch(() => undefined); // whoever asks for the entries hears of it
    entered.push(entry);
  }
  return Promise.resolve();
}

/** When those who stood in line were inside, on the machine's clock, once all were. */
export const entries = (): Promise<number[]> => Promise.all(entered.splice(0));

/** When this process sent statements from now on, on the machine's clock. */
export async function listenToStatements(_: Client, { forMs }: { readonly forMs: number }): Promise<number[]> {
  const times: number[] = (statements.times = []);
  await setTimeout(forMs);
  statements.times = undefined;
  return times;
}
