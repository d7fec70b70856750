import { setTimeout as sleep } from 'node:timers/promises';
import type { Workload } from './workload.js';

/** The first statement of a process: there may be no table, and no row. It asks once, and keeps what it gets until it is to stop. */
export const cold: Workload = {
  prepared: false,
  warmUp: 0,
  async run(participant) {
    const held = await participant.try();
    while (!participant.isStopping()) await sleep(10);
    if (held) await participant.release(held);
  },
};
