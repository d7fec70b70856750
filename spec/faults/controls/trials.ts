import * as criteria from '../checker/index.js';
import { fault as staleInTransactions } from '../faults/x4-stale-in-transactions.js';
import type { CriterionName, Fault } from '../support/fault.js';
import type { World } from '../support/world.js';
import type * as controls from './index.js';

/** A control, and what must be found against it. */
export interface ControlTrial {
  readonly control: keyof typeof controls;
  readonly fault: Fault;
  /** One of these at least; empty where nothing may be found. */
  readonly mustFind: readonly CriterionName[];
  readonly skewOf?: (number: number) => number;
}

const TTL_MS = 400;
const SIDEWAYS_MS = 100;

const controlFault = (id: string, title: string, inject: Fault['inject'], more: Partial<Fault> = {}): Fault => ({
  id,
  title,
  databases: ['postgres'],
  criteria: ['C1', 'C2', 'C3', 'C5'],
  ttlMs: TTL_MS,
  inject,
  ...more,
});

/** Nothing but contention. */
async function contention(world: World): Promise<void> {
  world.fault('contention');
  await world.grants(30, 20_000);
}

/** The holder is away for two leases in the middle of its work, a few times. */
async function pauses(world: World): Promise<void> {
  for (let times = 0; times < 2; times++) {
    const victim = world.someone();
    victim.tell({ tell: 'arm', line: 'writing', deed: { do: 'stop' } });
    await world.crew.stopped(victim);
    await world.sleep(world.ttlMs * 2 * (0.8 + 0.4 * world.random()));
    victim.child.kill('SIGCONT');
    await world.grants(4);
  }
}

/** One worker hears, or is heard, later than the others, until that shows: chance alone does not find it. */
const sideways = (direction: 'to the server' | 'to the client', shows: CriterionName) => async (world: World) => {
  const [victim] = world.crew.workers;
  world.fault(`${SIDEWAYS_MS} ms ${direction}`, victim);
  victim?.proxy?.delay(direction, SIDEWAYS_MS);
  await world.until((history) => criteria[shows](history).length > 0, 30_000);
  victim?.proxy?.heal();
};

/** Locks that are broken on purpose: a suite that does not find what is wrong with each of them proves nothing. */
export const controlTrials: readonly ControlTrial[] = [
  { control: 'sound', fault: controlFault('K0', 'control: nothing wrong, holders paused', pauses), mustFind: [] },
  {
    control: 'clientClock',
    fault: controlFault('K1', 'control: expiry by the clock of the client', contention),
    mustFind: ['C2'],
    skewOf: (number) => (number - 2) * 2_000,
  },
  { control: 'checkThenSet', fault: controlFault('K2', 'control: looks and then takes', contention), mustFind: ['C2'] },
  { control: 'releaseDeletes', fault: controlFault('K3', 'control: release deletes the row', contention), mustFind: ['C1'] },
  {
    control: 'releaseByName',
    // Whoever comes back finds somebody in the middle of a long hold, and others who ask all the time.
    fault: controlFault('K4', 'control: release by name, holders paused', pauses, { workload: 'keep' }),
    mustFind: ['C2'],
  },
  {
    control: 'tokenFirst',
    fault: controlFault('K5', 'control: token before the row, one client far away', sideways('to the server', 'C1'), { workload: 'skip' }),
    mustFind: ['C1'],
  },
  {
    control: 'countedFromReply',
    fault: controlFault('K6', 'control: lease counts from the reply, replies late', sideways('to the client', 'C2'), {
      workload: 'toTheEnd',
      workers: 2,
    }),
    mustFind: ['C2'],
  },
  {
    control: 'unfenced',
    fault: { ...staleInTransactions, id: 'K7', title: 'control: a fence that lets everybody pass' },
    mustFind: ['C3'],
  },
];
