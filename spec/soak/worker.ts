import { setTimeout } from 'node:timers/promises';
import { isLockError, LockRegistry } from '../../lib/index.js';
import { connect } from '../support/databases.js';
import { hear, tell } from '../support/parent.js';
import { WorkerLog } from './log.js';

/** One of the processes that contend: some callers wait, some try, some give up, until the director says stop. */
const [url = '', file = ''] = process.argv.slice(2);
const TTL_MS = 1_000;
const LOCKS = ['alpha', 'beta', 'gamma'];

const locks = new LockRegistry(connect(url), { ttl: TTL_MS, wait: '1m' });
const log = new WorkerLog(file);
const counts = { entries: 0, busy: 0, timeouts: 0, aborted: 0, lost: 0, failed: 0 };
let stopping = false;

const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;

/** Every way of asking, and of giving up. */
async function turn(): Promise<void> {
  const name = pick(LOCKS);
  const way = Math.random();
  const lease =
    way < 0.15
      ? await locks.tryAcquire(name)
      : way < 0.25
        ? await locks.acquire(name, { wait: 30 })
        : way < 0.35
          ? await locks.acquire(name, { signal: AbortSignal.timeout(Math.ceil(Math.random() * 60)) })
          : await locks.acquire(name);
  if (!lease) {
    counts.busy++;
    return;
  }
  const begin = log.begin(name, lease.fencingToken, lease.remainingMs);
  counts.entries++;
  await setTimeout(way > 0.99 ? TTL_MS / 2 : Math.random() * 4);
  log.end(begin);
  if (!(await lease.release())) counts.lost++;
}

async function caller(): Promise<void> {
  while (!stopping) {
    try {
      await turn();
    } catch (error) {
      if (!isLockError(error)) counts.aborted++;
      else if (error.code === 'LOCK_TIMEOUT') counts.timeouts++;
      else {
        counts.failed++;
        console.error(error);
      }
    }
  }
}

const callers = Array.from({ length: 4 }, caller);
await tell('ready');
await hear();
stopping = true;
await Promise.all(callers);
await locks.close();
await tell(counts);
