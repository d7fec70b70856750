// npm start: several processes want one lock, one of them is killed in mid-work, and the others are watched for what must never happen.
import { Contest } from './contest.js';
import { type DemoDatabase, NoDatabaseError, openDatabase } from './database.js';
import { judge } from './verdict.js';
import { openView, summary } from './view.js';

const TTL_MS = 2_000;
const LONGEST_MS = 17_000;

process.once('SIGINT', () => process.exit(130));

async function main({ title, url, table }: DemoDatabase): Promise<boolean> {
  console.log(`Processes contend for one lock on ${title}; a lease lasts ${TTL_MS / 1_000} s and is renewed.`);
  const view = openView(process.stdout);
  const contest: Contest = new Contest({ url, table, ttlMs: TTL_MS }, (scene) => view.show(contest, scene));
  const frames = setInterval(() => view.refresh(contest), 100);
  process.once('exit', () => contest.end());

  const broken = await contest.run(AbortSignal.timeout(LONGEST_MS)).then(
    () => [],
    (error: unknown) => [`The demo broke off: ${error instanceof Error ? error.message : String(error)}`],
  );
  contest.end();
  clearInterval(frames);
  view.close();

  const workers = contest.contenders.map(({ number }) => number);
  const verdict = judge(contest.history, workers, contest.kill);
  const faults = [...new Set([...verdict.faults, ...contest.failures, ...broken])];
  console.log(summary(contest, { ...verdict, faults }, TTL_MS));
  return faults.length === 0;
}

try {
  const database = await openDatabase();
  process.exitCode = (await main(database)) ? 0 : 1;
  await database.remove();
} catch (error) {
  if (!(error instanceof NoDatabaseError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
