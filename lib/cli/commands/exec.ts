import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { EXECUTION_SKIPPED, type RunOptions } from '../../index.js';
import { duration, lockName } from '../arguments.js';
import { type DatabaseOptions, withLocks } from '../database.js';
import { EXIT, exitCodeHelp } from '../exit-codes.js';
import { CliError } from '../failure.js';
import { Signals } from '../signals.js';
import { runSupervised } from '../supervised.js';
import { exitCodeAfter } from '../supervision.js';

interface ExecOptions extends DatabaseOptions {
  readonly wait?: number;
  readonly skip?: true;
  readonly fail?: true;
  readonly ttl?: number;
  readonly killAfter: number;
}

/** The longest that a timer can sleep. */
const LONGEST_GRACE_MS = 2 ** 31 - 1;

const HELP = `
The lease is renewed while the command runs. When it is lost all the same, the command and what it has started get TERM, and KILL after the
grace; so they do when dlock itself is killed. SIGINT, SIGTERM and SIGHUP are passed on. The command finds LOCK_NAME and LOCK_TOKEN, the
fencing token, in its environment. dlock ends with the command's exit code, or:

${exitCodeHelp()}

Examples:
  dlock exec nightly-report --skip -- ./report.sh
  dlock exec migrations --wait 10m --ttl 1m -- npm run migrate
  dlock exec backup --fail -- sh -c 'pg_dump app > "backup-$LOCK_TOKEN.sql"'`;

export function addExec(program: Command): void {
  program
    .command('exec')
    .description('run a command while holding a lock')
    .argument('<name>', 'the name of the lock', lockName)
    .argument('[command...]', 'what to run under it; write it after --')
    .addOption(
      new Option('--wait <duration>', 'stand in line for so long (default: 5m)').argParser(duration('wait')).conflicts(['skip', 'fail']),
    )
    .addOption(new Option('--skip', 'held elsewhere: run nothing, and call it done').conflicts('fail'))
    .option('--fail', 'held elsewhere: run nothing, and fail at once')
    .option('--ttl <duration>', 'how long the lock stays taken when this machine dies (default: 30s)', duration('ttl'))
    .addOption(
      new Option('--kill-after <duration>', 'from TERM to KILL')
        .argParser(duration('kill-after', { max: LONGEST_GRACE_MS }))
        .default(10_000, '10s'),
    )
    .addHelpText('after', HELP)
    .action(async (name: string, words: readonly string[], _options, command: Command) => {
      process.exitCode = await exec(name, words, command.optsWithGlobals<ExecOptions>());
    });
}

/** Runs the command under the lock. Answers what the process is to end with. */
async function exec(name: string, command: readonly string[], options: ExecOptions): Promise<number> {
  const [file] = command;
  if (!file) throw new CliError(EXIT.usage.code, 'There is no command to run. Write it after --, as in dlock exec NAME -- COMMAND.');
  if (process.platform === 'win32')
    throw new CliError(EXIT.usage.code, 'exec needs process groups and signals, which Windows does not have. Use the library instead.');
  const signals = new Signals();
  const { wait, ttl, killAfter: killAfterMs } = options;
  const terms = { ...(wait === undefined ? {} : { wait }), ...(ttl === undefined ? {} : { ttl }) };
  return withLocks(options, terms, async (locks) => {
    const run: RunOptions = { onBusy: onBusy(options), signal: signals.cancelled, label: basename(file) };
    const end = await locks.run(
      name,
      (lease) => {
        signals.cancelled.throwIfAborted();
        return runSupervised({ command, killAfterMs, lease, locks, signals });
      },
      run,
    );
    // The types of options that are put together here cannot say whether the call may be skipped.
    return (end as unknown) === EXECUTION_SKIPPED ? EXIT.done.code : exitCodeAfter(end);
  });
}

function onBusy({ skip, fail }: ExecOptions): 'wait' | 'skip' | 'fail' {
  if (skip) return 'skip';
  return fail ? 'fail' : 'wait';
}
