import type { Workload } from './workload.js';

const WAIT_MS = 3_000;

/** Everybody waits for one lock and counts in a fenced transaction, which takes a moment, and now and then longer than a renewal. */
export const fenced: Workload = {
  prepared: true,
  warmUp: 3,
  async run(participant) {
    const { random, ttlMs } = participant;
    while (!participant.isStopping()) {
      const held = await participant.acquire(WAIT_MS);
      if (!held) continue;
      await participant.changeFenced(held, random() < 0.1 ? ttlMs * 0.7 : random() * 15);
      await participant.release(held);
    }
  },
};
