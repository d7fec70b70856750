import { hear, tell } from '../support/parent.js';
import { Journal } from './history/journal.js';
import { openLock } from './locks/open.js';
import { Census } from './support/census.js';
import { toleratesEarlyErrors } from './support/early-errors.js';
import { Ledger } from './support/ledger.js';
import { Lines } from './support/lines.js';
import type { Command, Orders } from './support/orders.js';
import { Participant } from './support/participant.js';
import { seeded } from './support/random.js';
import { workloads } from './workloads/index.js';

/** One of the processes that contend, until the director says stop. */
const orders = JSON.parse(process.argv[2] ?? '') as Orders;
const journal = new Journal(orders.journal, orders.who);
const stray = (error: unknown) =>
  journal.write({ kind: 'stray', error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
process.on('unhandledRejection', stray);
process.on('uncaughtException', (error) => {
  stray(error);
  process.exit(1);
});

toleratesEarlyErrors();
const census = new Census();
const lock = openLock(orders.lock, orders);
const ledger = new Ledger(orders.ledgerUrl);
const lines = new Lines(journal);
const { lockName, ttlMs } = orders;
const participant = new Participant({ journal, lock, ledger, lines, random: seeded(orders.seed), lockName, ttlMs });
const workload = workloads[orders.workload];

async function obey(): Promise<void> {
  for (;;) {
    const command = await hear<Command>();
    switch (command.tell) {
      case 'begin':
        continue;
      case 'stop':
        participant.stop();
        return;
      case 'arm':
        lines.arm(command.line, command.deed);
        continue;
      case 'exhaust':
        void lock.exhaust(command.ms).catch(() => undefined);
    }
  }
}

if (workload.prepared) await lock.prepare(lockName);
await tell('ready');
await hear<Command>();
participant.beat();
const obeying = obey();
await workload.run(participant);
await obeying;
await lock.close();
await ledger.close();
journal.write({ kind: 'closing' });
for (const what of await census.surplus()) journal.write({ kind: 'left', what });
