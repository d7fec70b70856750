import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Violation } from '../checker/criterion.js';
import * as criteria from '../checker/index.js';
import { longestGapMs } from '../checker/progress.js';
import { type LockEvent, ofKind } from '../history/event.js';
import { holdsIn } from '../history/holds.js';
import { Journal, nowMs, readHistory } from '../history/journal.js';
import { library } from '../locks/library.js';
import type { LockKind } from '../locks/open.js';
import { workloads } from '../workloads/index.js';
import { Crew } from './crew.js';
import type { CriterionName, Fault } from './fault.js';
import type { Grounds } from './grounds.js';
import { Ledger } from './ledger.js';
import { Lines } from './lines.js';
import { Participant } from './participant.js';
import { seeded } from './random.js';
import { type DatabaseKind, openScene, type Scene } from './scene.js';
import { World } from './world.js';

/** What came of a fault on a database. */
export interface Outcome {
  readonly fault: Fault;
  readonly kind: DatabaseKind;
  readonly grants: number;
  /** From one process to another. */
  readonly handOvers: number;
  readonly injected: number;
  readonly longestGapMs: number;
  readonly tookMs: number;
  readonly violations: readonly Violation[];
  /** Why the row counts as failed; empty where it does not. */
  readonly shortcomings: readonly string[];
  /** Where the journals are; `undefined` once they are deleted. */
  readonly journals: string | undefined;
}

export interface TrialOrders {
  readonly fault: Fault;
  readonly kind: DatabaseKind;
  readonly lock: LockKind;
  readonly seed: number;
  /** Of a control: the criteria that must find something against it. */
  readonly mustFind?: readonly CriterionName[];
  /** By how much the clock of each worker is wrong. */
  readonly skewOf?: ((number: number) => number) | undefined;
}

const LOCK_NAME = 'contended';
const AFTERWARDS = 'afterwards';
const DEFAULT_TTL_MS = 800;
const DEFAULT_WORKERS = 3;

/** Runs the workers, does what the fault says, and judges what they wrote down. */
export async function trial(grounds: Grounds, orders: TrialOrders): Promise<Outcome> {
  const beganMs = nowMs();
  const { fault, kind, mustFind } = orders;
  const folder = await mkdtemp(join(tmpdir(), 'faults-'));
  const failure = await played(grounds, orders, folder);
  const history = readHistory(folder);
  const violations = [...judged(fault, history), ...failure];
  const figures = figuresOf(history.filter(({ who }) => who !== AFTERWARDS));
  const found = mustFind ? unlikeControl(mustFind, violations) : violations.map(({ criterion, text }) => `${criterion}: ${text}`);
  const shortcomings = [...emptiness(fault, figures), ...found];
  if (shortcomings.length === 0) await rm(folder, { recursive: true });
  const journals = shortcomings.length === 0 ? undefined : folder;
  return { fault, kind, ...figures, tookMs: nowMs() - beganMs, violations, shortcomings, journals };
}

function figuresOf(history: readonly LockEvent[]): Pick<Outcome, 'grants' | 'handOvers' | 'injected' | 'longestGapMs'> {
  const holds = holdsIn(history);
  return {
    grants: holds.length,
    handOvers: holds.filter(({ holder }, at) => at > 0 && holds[at - 1]?.holder !== holder).length,
    injected: ofKind(history, 'fault').length,
    longestGapMs: longestGapMs(history),
  };
}

/** A row in which nothing happened proves nothing. */
function emptiness(
  { workers = DEFAULT_WORKERS, workload }: Fault,
  { grants, injected, handOvers }: ReturnType<typeof figuresOf>,
): string[] {
  return [
    ...(grants === 0 ? ['nobody was granted the lock'] : []),
    ...(injected === 0 ? ['nothing was injected'] : []),
    ...(handOvers === 0 && workers > 1 && workload !== 'cold' ? ['no process took over from another one'] : []),
  ];
}

/** What is wrong with a control must be found, and nothing against one that is sound. */
function unlikeControl(mustFind: readonly string[], violations: readonly Violation[]): string[] {
  const trialItself = violations.filter(({ criterion }) => criterion === 'trial');
  const found = mustFind.length === 0 ? violations : trialItself;
  const isCaught = mustFind.length === 0 || violations.some(({ criterion }) => mustFind.includes(criterion));
  return [...found.map(({ text }) => text), ...(isCaught ? [] : [`${mustFind.join(' or ')} did not find what is wrong with it`])];
}

function judged(fault: Fault, history: readonly LockEvent[]): Violation[] {
  return [...fault.criteria.flatMap((name) => criteria[name](history)), ...(fault.judge?.(history) ?? [])];
}

async function played(grounds: Grounds, { fault, kind, lock, seed, skewOf = () => 0 }: TrialOrders, folder: string): Promise<Violation[]> {
  const { workload = 'contend', workers = DEFAULT_WORKERS, ttlMs = DEFAULT_TTL_MS } = fault;
  const { warmUp } = workloads[workload];
  const director = new Journal(join(folder, 'director.jsonl'), 'director');
  const scene = await openScene(kind, grounds);
  const stopBeating = beat(director);
  const ledger = new Ledger(scene.ledgerUrl);
  const crewOrders = { lock, lockName: LOCK_NAME, workload, ttlMs };
  const crew = new Crew(grounds, scene, folder, crewOrders, (number) => seed + number, skewOf);
  const world = new World(kind, scene, crew, seeded(seed), ttlMs, LOCK_NAME, folder, director);
  const problems: Violation[] = [];
  const attempt = async (what: string, step: () => Promise<void>) => {
    await step().catch((error: unknown) => problems.push({ criterion: 'trial', text: `${what}: ${inFull(error)}` }));
  };
  await attempt('the trial itself', async () => {
    await ledger.create(LOCK_NAME);
    await fault.prepare?.(world);
    await crew.start(workers);
    if (warmUp > 0) await world.grants(warmUp);
    await fault.inject(world);
    if (warmUp > 0) await world.grants(1);
  });
  await attempt('its end', async () => {
    const output = await crew.end();
    if (output) throw new Error(`a worker wrote: ${output.slice(0, 500)}`);
    if (lock === 'library') await askAfterwards(scene, ledger, folder, ttlMs);
    for (const entry of await ledger.entries()) world.accepted(entry);
    await fault.collect?.(world);
  });
  stopBeating();
  await attempt('cleaning up', async () => {
    await ledger.close();
    await scene.drop();
  });
  return problems;
}

const inFull = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** When nobody works any more, one who does not wait gets the lock: at once, unless somebody died or failed just before. */
async function askAfterwards(scene: Scene, ledger: Ledger, folder: string, ttlMs: number): Promise<void> {
  const journal = new Journal(join(folder, `${AFTERWARDS}.jsonl`), AFTERWARDS);
  const { directUrl } = await scene.newWay();
  const lock = library({ url: directUrl, directUrl, ttlMs, skewMs: 0 });
  const lines = new Lines(journal);
  const participant = new Participant({ journal, lock, ledger, lines, random: Math.random, lockName: LOCK_NAME, ttlMs });
  try {
    await lock.prepare(LOCK_NAME);
    for (let tries = 0; tries < 100; tries++) {
      const held = await participant.try();
      if (held) return await participant.release(held);
      await sleep(50);
    }
    throw new Error('Nobody who does not wait gets the lock afterwards.');
  } finally {
    await lock.close();
  }
}

/** How late the director's timers come: it carries the traffic of all workers, and shares the machine with them. */
function beat(journal: Journal): () => void {
  const everyMs = 20;
  let last = nowMs();
  const timer = setInterval(() => {
    const now = nowMs();
    if (now - last > everyMs * 1.5) journal.write({ kind: 'late', ms: now - last - everyMs }, now);
    last = now;
  }, everyMs);
  return () => clearInterval(timer);
}
