import { ofKind } from '../history/event.js';
import { ALL, type Fault } from '../support/fault.js';

/** The application has taken all its connections, for longer than a lease: renewals do not need any of them. */
export const fault: Fault = {
  id: 'F20',
  title: "all of the application's connections taken for two ttls",
  databases: ['postgres', 'sqlite', 'mariadb', 'mysql'],
  criteria: ALL,
  workload: 'keep',

  async inject(world) {
    const ms = world.ttlMs * 2;
    for (const worker of world.crew.workers) {
      world.fault('pool exhausted', worker);
      worker.tell({ tell: 'exhaust', ms });
    }
    await world.sleep(ms);
  },

  judge: (history) => ofKind(history, 'lost').map(({ who, reason }) => ({ criterion: 'F20', text: `${who} lost its lease: ${reason}` })),
};
