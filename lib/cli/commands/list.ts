import type { Command } from 'commander';
import type { LockInfo } from '../../index.js';
import { type DatabaseOptions, withLocks } from '../database.js';
import { inColumns, print, printJson } from '../output.js';

interface ListOptions extends DatabaseOptions {
  readonly json?: true;
}

const HELP = `
Times are the database's. A lock that rests was given back, and nobody can take it before its time is over.

Examples:
  dlock list
  dlock list --json | jq -r '.[].name'`;

export function addList(program: Command): void {
  program
    .command('list')
    .description('show every lock that is held')
    .option('--json', 'as JSON: an array of locks')
    .addHelpText('after', HELP)
    .action(async (_options, command: Command) => list(command.optsWithGlobals<ListOptions>()));
}

async function list(options: ListOptions): Promise<void> {
  const locks = await withLocks(options, { create: false }, (registry) => registry.list());
  if (options.json) await printJson(locks.map(asJson));
  else await print(locks.length === 0 ? 'No lock is held.' : inColumns(locks.map(row), HEAD));
}

const HEAD = ['NAME', 'STATE', 'TOKEN', 'HOLDER', 'LABEL', 'SINCE', 'UNTIL', 'WAITING'];

function row({ name, releasedAt, revoked, fencingToken, holder, label, acquiredAt, expiresAt, waiters }: LockInfo): string[] {
  const times = [acquiredAt, expiresAt].map((time) => time.toISOString());
  return [name, releasedAt ? 'rests' : revoked ? 'revoked' : 'held', String(fencingToken), holder, label, ...times, String(waiters)];
}

/** Every field, also where it has no value. */
export const asJson = (lock: LockInfo) => ({ ...lock, releasedAt: lock.releasedAt ?? null });
