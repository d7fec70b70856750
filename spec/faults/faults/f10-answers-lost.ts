import { ofKind } from '../history/event.js';
import { ALL, type Fault } from '../support/fault.js';

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

  // The database answers all the time, so no lease may be taken for lost.
  judge: (history) => ofKind(history, 'lost').map(({ who, reason }) => ({ criterion: 'F10', text: `${who} lost its lease: ${reason}` })),
};
