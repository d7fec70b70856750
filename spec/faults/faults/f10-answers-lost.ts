import { ALL, type Fault } from '../support/fault.js';
import { lostInVain } from '../support/lost-in-time.js';

const TOLERANCE_MS = 1_000;

/** A statement is carried out and its answer never comes: what was granted must not be lost, nor what was kept be given up. */
export const fault: Fault = {
  id: 'F10',
  title: 'answers lost after the commit',
  databases: ['postgres', 'pgbouncer', 'mariadb', 'mysql', 'galera'],
  criteria: ALL,
  smoke: true,

  async inject(world) {
    for (const statement of ['acquire', 'renew', 'release'] as const) {
      for (const fate of ['reset answer', 'swallow answer'] as const) {
        await world.trap(fate, statement);
        world.over(`${fate} of ${statement}`, TOLERANCE_MS);
        await world.grants(1);
      }
    }
  },

  judge: (history) => lostInVain('F10', history),
};
