import type { Command } from 'commander';
import type { Finding } from '../../index.js';
import { type DatabaseOptions, requireDatabase, withLocks } from '../database.js';
import { EXIT } from '../exit-codes.js';
import { colours, print, printable, printJson } from '../output.js';

interface DoctorOptions extends DatabaseOptions {
  readonly json?: true;
}

const HELP = `
Changes nothing. Ends with code 1 where a risk was found: a promise that may be broken as things are. Advice alone ends with 0.

Examples:
  dlock doctor
  dlock doctor --json | jq '.[] | select(.level == "risk")'`;

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description("say what the server's settings and the lock table put at risk")
    .option('--json', 'as JSON: an array of findings')
    .addHelpText('after', HELP)
    .action(async (_options, command: Command) => doctor(command.optsWithGlobals<DoctorOptions>()));
}

async function doctor(options: DoctorOptions): Promise<void> {
  requireDatabase(options);
  const findings = await withLocks(options, {}, (locks) => locks.doctor());
  if (options.json) await printJson(findings);
  else await print(findings.length === 0 ? 'Nothing was found.' : findings.map(spoken).join('\n\n'));
  if (findings.some(({ level }) => level === 'risk')) process.exitCode = EXIT.no.code;
}

function spoken({ level, code, what, promise, remedy }: Finding): string {
  const { bold, red, yellow } = colours();
  const mark = level === 'risk' ? red : yellow;
  return `${mark(level)} ${bold(code)}: ${printable(what)}\n  touches: ${printable(promise)}\n  remedy: ${printable(remedy)}`;
}
