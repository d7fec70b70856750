import { setTimeout as sleep } from 'node:timers/promises';
import type { Workload } from './workload.js';

/** Nobody waits: who is told that the lock is busy asks again a little later, and never stands in line. */
export const skip: Workload = {
  prepared: true,
  warmUp: 3,
  async run(participant) {
    while (!participant.isStopping()) {
      const held = await participant.try();
      if (held) {
        await participant.change(held, participant.random() * 10);
        await participant.release(held);
      }
      await sleep(10 + participant.random() * 30);
    }
  },
};
