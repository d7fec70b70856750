import { setTimeout as sleep } from 'node:timers/promises';
import type { Workload } from './workload.js';

const WAIT_MS = 6_000;

/** Everybody keeps the lock until it has believed in it to the last moment, renewed or not. */
export const toTheEnd: Workload = {
  prepared: true,
  warmUp: 1,
  async run(participant) {
    while (!participant.isStopping()) {
      const held = await participant.acquire(WAIT_MS);
      if (!held) continue;
      await participant.change(held, 10);
      // What is renewed ends some time all the same.
      for (let steps = 0; held.lease.held && steps < 200; steps++) await sleep(participant.ttlMs / 100);
      await participant.release(held);
      // Somebody who hears late gets a chance.
      await sleep(participant.random() * participant.ttlMs);
    }
  },
};
