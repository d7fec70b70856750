import { ALL, type Fault } from '../support/fault.js';
import { ofKind } from '../history/event.js';

const TIMES = 2;
const TOLERANCE_MS = 250;

/** The holder is gone without a word; another process starts in its place. */
export const fault: Fault = {
  id: 'F1',
  title: 'holder killed while it works',
  databases: ['postgres', 'pgbouncer', 'sqlite', 'mariadb', 'mysql', 'galera'],
  criteria: ALL,
  smoke: true,
  ttlMs: 600,

  async inject(world) {
    for (let times = 0; times < TIMES; times++) {
      const victim = await world.ambush('writing', { do: 'die' });
      await world.crew.bury(victim);
      await world.until((history) => {
        const death = ofKind(history, 'died').find(({ who }) => who === victim.who);
        if (!death) return false;
        world.over('death of the holder', TOLERANCE_MS, death.at);
        return true;
      });
      await world.crew.start(1);
      await world.grants(2);
    }
  },
};
