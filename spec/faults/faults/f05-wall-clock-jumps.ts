import { ALL, type Fault } from '../support/fault.js';

const HOUR_MS = 3_600_000;

/** Somebody sets the clock of a holder's machine: that may end belief early, and never late. */
export const fault: Fault = {
  id: 'F5',
  title: 'wall clock of a holder set by an hour, to and fro',
  databases: ['postgres', 'faketime', 'sqlite', 'mariadb', 'mysql'],
  criteria: ALL,

  async inject(world) {
    for (const ms of [HOUR_MS, -HOUR_MS, -HOUR_MS, HOUR_MS]) {
      await world.ambush('writing', { do: 'jump', ms });
      await world.grants(2);
    }
  },
};
