import { ofKind } from '../history/event.js';
import { ALL, type Fault } from '../support/fault.js';

const TIMES = 2;

/** A process that was away for less than its lease still has it. */
export const fault: Fault = {
  id: 'F2',
  title: 'holder stopped for half a ttl',
  databases: ['postgres', 'sqlite', 'mariadb', 'mysql'],
  criteria: ALL,
  ttlMs: 1_200,

  async inject(world) {
    for (let times = 0; times < TIMES; times++) {
      // Right after its grant, when the whole lease is left.
      const victim = await world.ambush('holding', { do: 'stop' });
      await world.crew.stopped(victim);
      await world.sleep(world.ttlMs / 2);
      victim.child.kill('SIGCONT');
      await world.grants(2);
    }
  },

  judge: (history) => ofKind(history, 'lost').map(({ who, reason }) => ({ criterion: 'F2', text: `${who} lost its lease: ${reason}` })),
};
