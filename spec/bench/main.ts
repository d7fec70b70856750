import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { endChildren } from '../support/child.js';
import { buildLibrary } from './built-library.js';
import { Grounds } from './grounds.js';
import { describeNoise, isQuiet, type Noise, Noises } from './quiet.js';
import { requirementsTable, tableOf } from './report.js';
import { run, type ScenarioResult } from './run.js';
import { scenarios } from './scenarios/index.js';

const USAGE = `npm run bench -- [--only NAME]... [--rounds N] [--quick] [--json FILE]

  --only NAME   this scenario alone; may be given several times: ${Object.keys(scenarios).join(', ')}
  --rounds N    rounds of every contender, of which the median counts (3)
  --quick       short times: shows that the bench works, not how fast anything is
  --json FILE   every figure of every round
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(USAGE);
else await bench(chosen(values.only), roundsOf(values.rounds), values.quick, values.json);

async function bench(names: readonly string[], rounds: number, quick: boolean, file: string | undefined): Promise<void> {
  const startedMs = performance.now();
  const discard = await buildLibrary();
  const grounds = await Grounds.open({ quick });
  const noises = new Noises();
  try {
    const machine = {
      cpu: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      server: grounds.version,
      before: noises.next(),
    };
    console.log(`${machine.cpu}, ${machine.memoryGb} GB; Node ${machine.node}; ${machine.server}`);
    console.log(describeNoise(machine.before));
    const results: (ScenarioResult & { readonly noise: Noise })[] = [];
    for (const name of names) {
      const scenario = scenarioOf(name);
      const result = { ...(await run(name, scenario, rounds, grounds)), noise: noises.next() };
      results.push(result);
      console.log(`${tableOf(scenario, result)}\n${describeNoise(result.noise)}`);
    }
    const tookS = Math.round((performance.now() - startedMs) / 1_000);
    console.log(`\n${requirementsTable(results)}`);
    console.log(`${rounds} rounds in ${tookS} s${quick ? '; quick: the figures mean nothing' : ''}`);
    const noisy = results.filter(({ noise }) => !isQuiet(noise)).map(({ name }) => name);
    if (noisy.length > 0) console.log(`The machine was not quiet, and the figures say little: ${noisy.join(', ')}`);
    const report = {
      at: new Date().toISOString(),
      machine,
      rounds,
      quick,
      tookS,
      scenarios: results,
    };
    if (file !== undefined) await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await endChildren();
    await grounds.close();
    await discard();
  }
}

/** @throws {RangeError} a name that no scenario has */
function chosen(only: readonly string[] | undefined): readonly string[] {
  for (const name of only ?? []) scenarioOf(name);
  return only ?? Object.keys(scenarios);
}

function scenarioOf(name: string) {
  const scenario = scenarios[name];
  if (!scenario) throw new RangeError(`There is no scenario "${name}". Scenarios: ${Object.keys(scenarios).join(', ')}.`);
  return scenario;
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds takes a whole number of at least 1; got ${text}.`);
  return rounds;
}
