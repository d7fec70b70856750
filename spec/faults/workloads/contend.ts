import type { Participant } from '../support/participant.js';
import type { Workload } from './workload.js';

/** Two callers of a process, so that a lock is handed over inside it too. */
const CALLERS = 2;
const WAIT_MS = 3_000;

/** Everybody waits for one lock, keeps it for a moment, and now and then for so long that it must be renewed. */
export const contend: Workload = {
  prepared: true,
  warmUp: 3,

  async run(participant) {
    await Promise.all(Array.from({ length: CALLERS }, () => caller(participant)));
  },
};

async function caller(participant: Participant): Promise<void> {
  const { random, ttlMs } = participant;
  while (!participant.isStopping()) {
    if (random() < 0.1) await participant.fail(WAIT_MS);
    const held = await participant.acquire(WAIT_MS);
    if (!held) continue;
    if (random() < 0.1) await participant.compare(held);
    await participant.change(held, random() < 0.15 ? random() * ttlMs * 0.7 : random() * 15);
    await participant.release(held);
  }
}
