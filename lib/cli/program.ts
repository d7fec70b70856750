import { createRequire } from 'node:module';
import { Command, Option } from 'commander';
import { addDoctor } from './commands/doctor.js';
import { addExec } from './commands/exec.js';
import { addInit } from './commands/init.js';
import { addList } from './commands/list.js';
import { addPrune } from './commands/prune.js';
import { addRelease } from './commands/release.js';
import { addShow } from './commands/show.js';
import type { DatabaseOptions } from './database.js';
import { exitCodeHelp } from './exit-codes.js';
import { failureOf } from './failure.js';
import { complain } from './output.js';
import { withoutPasswords } from './redact.js';

/** Runs one command line and ends the process with its exit code. Never prints a stack, nor a password. */
export async function run(args: readonly string[]): Promise<never> {
  // Who reads the output may leave before its end (`dlock list | head`).
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const program = newProgram();
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    const { exitCode, message } = failureOf(error);
    const { url = process.env.DATABASE_URL } = program.opts<DatabaseOptions>();
    if (message !== '') await complain(withoutPasswords(message, url));
    process.exitCode = exitCode;
  }
  // Whatever a driver may still have open.
  return process.exit();
}

function newProgram(): Command {
  const program = new Command('dlock')
    .description('Distributed locks in a SQL database: run commands under them, and see and manage who holds them.')
    .version(packageVersion())
    .addOption(new Option('--url <url>', 'the database, best by its variable: everybody sees a command line').env('DATABASE_URL'))
    .option('--table <name>', 'the lock table, with its schema where it has one (default: "distributed_lock")')
    .exitOverride()
    .configureOutput({ outputError: () => undefined }) // what is wrong is said once, by run()
    .addHelpText('after', `\n${exitCodeHelp()}\n\nEach command has examples: dlock exec --help`);
  for (const add of [addExec, addList, addShow, addRelease, addPrune, addDoctor, addInit]) add(program);
  return program;
}

function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('sequelize-distributed-lock/package.json') as { version: string };
  return version;
}
