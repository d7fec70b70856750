import type { Command } from 'commander';
import { parseTableName } from '../../core/table-name.js';
import { dialectAt } from '../address.js';
import { type DatabaseOptions, withLocks } from '../database.js';
import { EXIT } from '../exit-codes.js';
import { CliError } from '../failure.js';
import { print } from '../output.js';

interface InitOptions extends DatabaseOptions {
  readonly print?: true;
}

const HELP = `
A table that is there already is left alone. --print needs no more of the address than the kind of database, and no driver.

Examples:
  dlock init --table ops.distributed_lock
  dlock init --print --url postgres: > migrations/001-locks.sql`;

export function addInit(program: Command): void {
  program
    .command('init')
    .description('make the lock table')
    .option('--print', 'print its SQL instead, without connecting')
    .addHelpText('after', HELP)
    .action(async (_options, command: Command) => init(command.optsWithGlobals<InitOptions>()));
}

async function init(options: InitOptions): Promise<void> {
  const { table = 'distributed_lock' } = options;
  if (options.print) return print(createSql(table, options.url));
  await withLocks(options, {}, (locks) => locks.createTable());
  await print(`The lock table ${table} is there.`);
}

function createSql(table: string, url: string | undefined): string {
  const dialect = dialectAt(url);
  try {
    return dialect.statements(parseTableName(table)).createSql();
  } catch (error) {
    throw new CliError(EXIT.usage.code, error instanceof Error ? error.message : String(error), { cause: error });
  }
}
