import { ofKind } from '../history/event.js';
import { ALL, type Fault } from '../support/fault.js';

const CLIENTS = 16;

/** A deployment: everybody's first statement at one moment, and neither table nor row is there. */
export const fault: Fault = {
  id: 'F17',
  title: '16 cold clients, no table',
  databases: ['postgres', 'pgbouncer', 'sqlite', 'mariadb', 'mysql', 'galera'],
  criteria: ALL,
  smoke: true,
  workload: 'cold',
  workers: CLIENTS,
  ttlMs: 3_000,

  async inject(world) {
    world.fault('cold start');
    await world.until(
      (history) => ['granted', 'busy', 'failed'].flatMap((kind) => history.filter((event) => event.kind === kind)).length >= CLIENTS,
    );
  },

  judge(history) {
    const clients = history.filter(({ who }) => who.startsWith('worker'));
    const counts = (['granted', 'busy', 'failed'] as const).map((kind) => ofKind(clients, kind).length);
    return counts.join() === `1,${CLIENTS - 1},0` ? [] : [{ criterion: 'F17', text: `${counts.join(', ')} were granted, busy and failed` }];
  },
};
