import type { Command } from 'commander';
import type { LockInfo, LockRegistry } from '../../index.js';
import { lockName } from '../arguments.js';
import { type DatabaseOptions, withLocks } from '../database.js';
import { EXIT } from '../exit-codes.js';
import { CliError } from '../failure.js';
import { heldBy, print, printable, quoted } from '../output.js';
import { notHeld } from './show.js';

interface ReleaseOptions extends DatabaseOptions {
  readonly force?: true;
  readonly now?: true;
}

const HELP = `
--force revokes the lock: no renewal is accepted any more, the holder learns of it at its next renewal, and the lock is free when the lease
ends. Nobody shares it meanwhile. --force --now frees it at once: until its next renewal the old holder does not know and may still work,
beside the next one. Without --force nothing is changed; dlock says what it would do.

Examples:
  dlock release nightly-report --force
  dlock release nightly-report --force --now`;

export function addRelease(program: Command): void {
  program
    .command('release')
    .description("take somebody else's lock away")
    .argument('<name>', 'the name of the lock', lockName)
    .option('--force', 'really do it')
    .option('--now', 'free the lock at once, while its holder may still work')
    .addHelpText('after', HELP)
    .action(async (name: string, _options, command: Command) => release(name, command.optsWithGlobals<ReleaseOptions>()));
}

async function release(name: string, options: ReleaseOptions): Promise<void> {
  const done = await withLocks(options, { create: false }, async (locks) => {
    const held = await locks.inspect(name);
    if (!held) throw notHeld(name);
    if (!options.force) throw refused(held);
    return options.now ? free(locks, held) : revoke(locks, held);
  });
  await print(done);
}

function refused(held: LockInfo): CliError {
  const { name, expiresAt } = held;
  return new CliError(
    EXIT.usage.code,
    `Nothing was changed: ${quoted(name)} is held${heldBy(held)}. With --force no renewal of it is accepted any more, and it is free at ` +
      `${expiresAt.toISOString()}; with --force --now it is free at once, while its holder may still work.`,
  );
}

async function revoke(locks: LockRegistry, { name }: LockInfo): Promise<string> {
  if (!(await locks.forceRelease(name))) throw notHeld(name);
  const left = await locks.inspect(name);
  return left ? `Revoked ${quoted(name)}: it is free at ${left.expiresAt.toISOString()}.` : `Revoked ${quoted(name)}: it is free.`;
}

async function free(locks: LockRegistry, { name, holder }: LockInfo): Promise<string> {
  if (!(await locks.forceRelease(name, { now: true }))) throw notHeld(name);
  return `Freed ${quoted(name)}. Until its next renewal ${printable(holder)} does not know, and may still work.`;
}
