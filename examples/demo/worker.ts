// One of several processes that want the same lock. It works while it has it, and tells the director when it waits, enters and leaves.
import { setTimeout as sleep } from 'node:timers/promises';
import { exponentialPolling, type Lease, LockRegistry } from 'sequelize-distributed-lock';
import { connect } from './database.js';
import { type Command, nowMs, type Order, type Report } from './messages.js';

const { url, table, ttlMs } = JSON.parse(process.argv[2] ?? '') as Order;
const sequelize = connect(url);
const locks = new LockRegistry(sequelize, { table, ttl: ttlMs, polling: exponentialPolling({ ceiling: 150 }) });
const stop = new AbortController();
let staying = false;

process.on('message', (command: Command) => {
  if (command === 'stay') staying = true;
  else stop.abort();
});
process.once('disconnect', () => process.exit()); // the director is gone

const tell = (report: Report) => process.send?.(report);
const between = (least: number, most: number) => least + Math.random() * (most - least);

while (!stop.signal.aborted) {
  tell({ kind: 'waits', atMs: nowMs() });
  await locks.run('demo', work, { signal: stop.signal, onLost: 'ignore' }).catch((error: unknown) => {
    if (error !== stop.signal.reason) throw error;
  });
  await sleep(between(10, 100));
}
await locks.close();
await sequelize.close();
process.disconnect();

async function work({ fencingToken, signal }: Lease): Promise<void> {
  tell({ kind: 'enters', atMs: nowMs(), token: fencingToken, stays: staying });
  // Whoever loses its lease (a suspended machine) leaves at once.
  await sleep(staying ? 60_000 : between(60, 200), undefined, { signal }).catch(() => undefined);
  tell({ kind: 'leaves', atMs: nowMs() });
}
