import type { Command } from 'commander';
import { duration } from '../arguments.js';
import { type DatabaseOptions, withLocks } from '../database.js';
import { print } from '../output.js';

interface PruneOptions extends DatabaseOptions {
  readonly idleFor?: number;
}

const HELP = `
Tokens stay in order: the next one of a deleted row's name is above all that were handed out.

Example:
  dlock prune --idle-for 30d`;

export function addPrune(program: Command): void {
  program
    .command('prune')
    .description('delete the rows of locks that nobody has used for long')
    .option('--idle-for <duration>', 'how long they have been free (default: 7d)', duration('idle-for', { max: Number.MAX_SAFE_INTEGER }))
    .addHelpText('after', HELP)
    .action(async (_options, command: Command) => prune(command.optsWithGlobals<PruneOptions>()));
}

async function prune(options: PruneOptions): Promise<void> {
  const { idleFor } = options;
  const deleted = await withLocks(options, { create: false }, (locks) => locks.prune(idleFor === undefined ? {} : { idleFor }));
  await print(`Deleted ${deleted} ${deleted === 1 ? 'row' : 'rows'}.`);
}
