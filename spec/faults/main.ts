import { parseArgs } from 'node:util';
import { endChildren } from '../support/child.js';
import { type ControlTrial, controlTrials } from './controls/trials.js';
import { absentRows, missingAlthoughRequired, missingFor, missingKinds } from './support/absent.js';
import { allFaults } from './support/catalogue.js';
import type { Fault } from './support/fault.js';
import { Grounds } from './support/grounds.js';
import { detailsOf, reportOf } from './support/report.js';
import type { DatabaseKind } from './support/scene.js';
import { type Outcome, trial } from './support/trial.js';

const USAGE = `npm run spec:faults -- [--all] [--only ID]... [--database NAME]... [--seed N]

  --all            every fault on every database, about a quarter of an hour; default: the short run, each of its faults on one database,
                   which the seed chooses
  --only ID        this fault alone, such as F10; may be given several times; \`controls\` for the broken locks
  --database NAME  on every one that is named: postgres, pgbouncer, standby, faketime, mariadb, mysql, galera or sqlite
  --minutes N      again and again for so long, with other seeds; best with --only R1
  --seed N         draws as the run that printed it
`;

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    database: { type: 'string', multiple: true },
    minutes: { type: 'string', default: '0' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    help: { type: 'boolean', default: false },
  },
});

const SLOW: readonly DatabaseKind[] = ['pgbouncer', 'mysql', 'galera'];

if (values.help) console.log(USAGE);
else await main(Number(values.seed));

async function main(seed: number): Promise<void> {
  console.log(`seed ${seed}`);
  // Each pooler that was started waits for the end of this process.
  process.setMaxListeners(100);
  const grounds = new Grounds();
  const outcomes: Outcome[] = [];
  try {
    const endMs = performance.now() + Number(values.minutes) * 60_000;
    for (let round = 0; round === 0 || performance.now() < endMs; round++) {
      for (const [at, fault] of (await chosen()).entries()) {
        for (const kind of databasesOf(fault, seed + round + at))
          outcomes.push(await tell(trial(grounds, { fault, kind, lock: 'library', seed: seed + round })));
      }
    }
    for (const { control, ...one } of chosenControls())
      outcomes.push(await tell(trial(grounds, { ...one, kind: 'postgres', lock: control, seed })));
  } finally {
    await endChildren();
    await grounds.close();
  }
  console.log(reportOf(outcomes));
  const failed = outcomes.filter((outcome) => outcome.shortcomings.length > 0);
  for (const outcome of failed) console.log(`\n${detailsOf(outcome)}`);
  const [absent, required] = [values.all ? absentRows(await allFaults()) : missingFor(await chosen()), missingAlthoughRequired()];
  if (absent.length > 0) console.log(['\n!!! NOT RUN HERE', ...absent].join('\n  - '));
  console.log([`\n${outcomes.length} rows, ${failed.length} failed; seed ${seed}`, ...required].join('\n'));
  process.exitCode = failed.length === 0 && outcomes.length > 0 && required.length === 0 ? 0 : 1;
}

async function chosen(): Promise<Fault[]> {
  const faults = (await allFaults()).filter(({ missing }) => missing === undefined);
  const { only, all } = values;
  if (only) return faults.filter(({ id }) => only.includes(id));
  return faults.filter(({ smoke = false }) => smoke || all);
}

function chosenControls(): readonly ControlTrial[] {
  const { only } = values;
  return only ? controlTrials.filter(({ fault: { id } }) => only.includes(id) || only.includes('controls')) : controlTrials;
}

function databasesOf({ databases }: Fault, turn: number): readonly DatabaseKind[] {
  const { all, only, database } = values;
  const here = databases.filter(isHere);
  if (all || only || database) return here.filter((kind) => database?.includes(kind) ?? true);
  // A minute or two for the short run: one database for each fault, and with the next seed the next one.
  const quick = here.filter((kind) => !SLOW.includes(kind));
  const at = turn % quick.length;
  return quick.slice(at, at + 1);
}

/** The others are told of in the end. */
function isHere(kind: DatabaseKind): boolean {
  return missingKinds[kind] === undefined;
}

async function tell(running: Promise<Outcome>): Promise<Outcome> {
  const outcome = await running;
  const { fault, kind, grants, tookMs } = outcome;
  const verdict = outcome.shortcomings.length === 0 ? 'ok' : 'FAILED';
  console.log(`${verdict} ${fault.id} ${kind}: ${fault.title}; ${grants} grants, ${(tookMs / 1_000).toFixed(1)} s`);
  return outcome;
}
