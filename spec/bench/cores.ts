import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * Keeps a server on one core and its clients on another, until the answer is called. One caller and one session take turns, and whether the
 * system puts both on the same core is otherwise chance: worth a fifth of a free lock, and not the same for each client.
 */
export function keepApart(server: number, clients: readonly number[]): () => void {
  if (availableParallelism() < 2) return skipped('there is one core');
  try {
    pin(server, '1');
    for (const client of clients) pin(client, '0');
  } catch (error) {
    return skipped(String(error));
  }
  return () => pin(server, `0-${availableParallelism() - 1}`);
}

/** With all threads; and, of PostgreSQL, with the processes of its sessions. */
function pin(pid: number, cores: string): void {
  for (const one of [pid, ...childrenOf(pid)])
    execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(one)], { stdio: 'ignore' });
}

function childrenOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
}

function skipped(why: string): () => void {
  console.warn(`Server and clients were not kept on cores of their own: ${why}.`);
  return () => undefined;
}
