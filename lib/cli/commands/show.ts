import type { Command } from 'commander';
import type { LockInfo } from '../../index.js';
import { lockName } from '../arguments.js';
import { type DatabaseOptions, withLocks } from '../database.js';
import { EXIT } from '../exit-codes.js';
import { CliError } from '../failure.js';
import { inColumns, print, printJson, quoted } from '../output.js';
import { asJson } from './list.js';

interface ShowOptions extends DatabaseOptions {
  readonly json?: true;
}

const HELP = `
Ends with code 1 where nobody holds the lock.

Examples:
  dlock show nightly-report
  dlock show nightly-report --json | jq -r .holder`;

export function addShow(program: Command): void {
  program
    .command('show')
    .description('show who holds a lock')
    .argument('<name>', 'the name of the lock', lockName)
    .option('--json', 'as JSON')
    .addHelpText('after', HELP)
    .action(async (name: string, _options, command: Command) => show(name, command.optsWithGlobals<ShowOptions>()));
}

async function show(name: string, options: ShowOptions): Promise<void> {
  const lock = await withLocks(options, { create: false }, (locks) => locks.inspect(name));
  if (!lock) throw notHeld(name);
  if (options.json) await printJson(asJson(lock));
  else await print(inColumns(fields(lock)));
}

/** What commands about one lock end with where nobody has it. */
export function notHeld(name: string): CliError {
  return new CliError(EXIT.no.code, `Nobody holds ${quoted(name)}. See what is held with dlock list.`);
}

function fields({ name, releasedAt, revoked, fencingToken, holder, label, acquiredAt, expiresAt, waiters }: LockInfo): string[][] {
  return [
    ['name', name],
    [
      'state',
      releasedAt ? `rests, given back at ${releasedAt.toISOString()}` : revoked ? 'revoked, and held until its lease ends' : 'held',
    ],
    ['token', String(fencingToken)],
    ['holder', holder],
    ['label', label],
    ['since', acquiredAt.toISOString()],
    ['until', `${expiresAt.toISOString()}${releasedAt || revoked ? '' : ', unless it is renewed'}`],
    ['waiting', String(waiters)],
  ];
}
