import { ofKind } from '../history/event.js';
import { ALL, type Fault } from '../support/fault.js';

const TOLERANCE_MS = 250;

/** A process sleeps past its lease, between the check and the write and elsewhere: others go on, and its write does not land. */
export const fault: Fault = {
  id: 'F3',
  title: 'holder stopped for two ttls, also between check and write',
  databases: ['postgres', 'sqlite', 'mariadb', 'mysql', 'galera'],
  criteria: ALL,
  smoke: true,
  ttlMs: 600,

  async inject(world) {
    for (const line of ['writing', 'releasing'] as const) {
      const victim = await world.ambush(line, { do: 'stop' });
      await world.crew.stopped(victim);
      world.over('the holder stopped', TOLERANCE_MS);
      await world.sleep(world.ttlMs * 2);
      victim.child.kill('SIGCONT');
      await world.grants(2);
    }
  },

  judge: (history) =>
    ofKind(history, 'written').some(({ accepted }) => !accepted)
      ? []
      : [{ criterion: 'F3', text: 'no stale write was ever tried: it proves nothing' }],
};
