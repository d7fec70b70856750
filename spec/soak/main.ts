import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { QueryTypes, type Sequelize } from 'sequelize';
import { LockRegistry } from '../../lib/index.js';
import { type Hold, violationsIn } from '../../lib/testing/history.js';
import { Child } from '../support/child.js';
import { createDatabase, type DialectName } from '../support/databases.js';
import { stopPostgresSource } from '../support/postgres-source.js';
import { holdsIn, nowMs } from './log.js';

/** Six processes that contend for three locks, killed and started at random; then everything they believed is checked. */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    processes: { type: 'string', default: '6' },
    dialect: { type: 'string', default: 'postgres' },
  },
});

interface Worker {
  readonly child: Child;
  readonly file: string;
  readonly name: string;
  endedAt: number;
}

const folder = await mkdtemp(join(tmpdir(), 'locks-soak-'));
const database = await createDatabase(values.dialect as DialectName);
const sequelize = database.newSequelize();
const all: Worker[] = [];

async function start(): Promise<Worker> {
  const name = `worker ${all.length + 1}`;
  const file = join(folder, `${all.length + 1}.jsonl`);
  const worker: Worker = { child: Child.start('../soak/worker.ts', [database.url, file]), file, name, endedAt: Infinity };
  all.push(worker);
  await worker.child.next();
  return worker;
}

/** Kills somebody every second or so, and starts another one in its place. */
async function disturb(workers: Worker[], untilMs: number): Promise<number> {
  let kills = 0;
  while (nowMs() < untilMs) {
    await setTimeout(300 + Math.random() * 1_700);
    const at = Math.floor(Math.random() * workers.length);
    const victim = workers[at];
    if (!victim) continue;
    // Before the signal: belief that lasted a little longer is not counted, and never too much is.
    victim.endedAt = nowMs();
    victim.child.kill('SIGKILL');
    await victim.child.exited;
    workers[at] = await start();
    kills++;
  }
  return kills;
}

async function leftBehind(): Promise<string[]> {
  const faults: string[] = [];
  // What the dead held or stood for ends by itself, one ttl or claim after the other.
  await setTimeout(5_000);
  const locks = new LockRegistry(sequelize, { ttl: 1_000, wait: 5_000 });
  for (const name of ['alpha', 'beta', 'gamma'])
    if (!(await locks.tryAcquire(name))) faults.push(`${name} is not to be had by one who does not wait`);
  await locks.close();
  const rows = await select<{ name: string; line: string }>('SELECT name, line FROM distributed_lock');
  if (rows.length !== 3) faults.push(`${rows.length} rows instead of 3`);
  faults.push(...rows.filter(({ line }) => line !== '').map(({ name }) => `somebody is left in the line of ${name}`));
  if (database.dialect === 'postgres') faults.push(...(await listeners()));
  return faults;
}

async function listeners(): Promise<string[]> {
  const found = await select<{ query: string }>(
    `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%dlock%'`,
  );
  return found.map(({ query }) => `a connection is left: ${query.slice(0, 80)}`);
}

const select = <T extends object>(sql: string) => (sequelize satisfies Sequelize).query<T>(sql, { type: QueryTypes.SELECT });

const workers = await Promise.all(Array.from({ length: Number(values.processes) }, start));
const kills = await disturb(workers, nowMs() + Number(values.minutes) * 60_000);
for (const { child } of workers) child.send('stop');
const counts = await Promise.all(workers.map(({ child }) => child.all<Record<string, number>>()));
const output = workers.map(({ child }) => child.output).join('');

const history: Hold[] = all.flatMap(({ file, name, endedAt }) => holdsIn(file, name, endedAt));
const violations = violationsIn(history);
const faults = await leftBehind();
const silent = counts.filter((messages) => messages.length === 0).length;

console.log(`${database.dialect}: ${history.length} holds by ${all.length} processes, ${kills} killed, in ${values.minutes} min`);
console.log('those that were left at the end:', ...counts.flat());
if (output) console.log(output.slice(0, 4_000));
console.log(`${violations.length} violations, ${silent} processes that did not end by themselves, ${faults.length} things left behind`);
for (const violation of violations.slice(0, 5)) console.log(violation);
for (const fault of faults) console.log(`- ${fault}`);

await database.drop();
await stopPostgresSource();
await rm(folder, { recursive: true });
process.exitCode = violations.length + silent + faults.length === 0 && history.length > 0 && kills > 0 ? 0 : 1;
