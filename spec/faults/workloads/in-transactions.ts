import type { Held } from '../support/participant.js';
import type { Workload } from './workload.js';

const WAIT_MS = 3_000;

/** Everybody takes the lock in the middle of a transaction that rolls back: others see the row at once, and it outlives the transaction. */
export const inTransactions: Workload = {
  prepared: true,
  warmUp: 3,
  async run(participant) {
    while (!participant.isStopping()) {
      let held: Held | undefined;
      await participant.rolledBack(async () => {
        held = await participant.acquire(WAIT_MS);
        if (!held) return;
        await participant.compare(held);
        await participant.change(held, 10);
      });
      if (!held) continue;
      await participant.compare(held);
      await participant.release(held);
    }
  },
};
