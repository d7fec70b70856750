import { nowMs } from '../history/journal.js';
import type { Workload } from './workload.js';

const WAIT_MS = 6_000;
/** In ttls: a few renewals long. */
const KEPT_FOR = 1.5;

/** Everybody keeps the lock over several renewals, and writes all the time. */
export const keep: Workload = {
  prepared: true,
  warmUp: 1,
  async run(participant) {
    while (!participant.isStopping()) {
      const held = await participant.acquire(WAIT_MS);
      if (!held) continue;
      const until = nowMs() + participant.ttlMs * KEPT_FOR;
      while (held.lease.held && !participant.isStopping() && nowMs() < until) {
        await participant.change(held, 10);
        if (participant.random() < 0.2) await participant.compare(held);
      }
      await participant.release(held);
    }
  },
};
