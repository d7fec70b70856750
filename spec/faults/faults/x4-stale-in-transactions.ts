import { ofKind } from '../history/event.js';
import { allBut, type Fault } from '../support/fault.js';

const FENCED = 'fenced';

/**
 * Holders are stopped for two ttls, and killed, inside fenced transactions, between what they read and what they write: nothing else
 * guards the write, and no update is lost.
 */
export const fault: Fault = {
  id: 'X4',
  title: 'holders stopped and killed inside fenced transactions',
  // Not on SQLite: there an open transaction keeps everybody else from taking the lock, so none can become stale.
  databases: ['postgres', 'mariadb', 'mysql'],
  criteria: allBut('C4', 'C5row', 'C6', 'C7'),
  smoke: true,
  ttlMs: 600,
  workload: 'fenced',

  async prepare({ lockName, scene }) {
    await scene.query('CREATE TABLE fenced (name varchar(200) PRIMARY KEY, value bigint NOT NULL)');
    await scene.query('CREATE TABLE fenced_entry (sequence serial PRIMARY KEY, token bigint, value bigint)');
    await scene.query(`INSERT INTO fenced (name, value) VALUES ('${lockName}', 0)`);
  },

  async inject(world) {
    for (let times = 0; times < 2; times++) {
      const stopped = await world.ambush('writing', { do: 'stop' });
      await world.crew.stopped(stopped);
      await world.sleep(world.ttlMs * 2);
      stopped.child.kill('SIGCONT');
      await world.grants(3);
    }
    await world.crew.bury(await world.ambush('writing', { do: 'die' }));
    await world.crew.start(1);
    await world.grants(5);
  },

  async collect(world) {
    for (const row of await world.scene.query('SELECT sequence, token, value FROM fenced_entry ORDER BY sequence')) {
      const [sequence, token, value] = [row['sequence'], row['token'], row['value']].map(Number) as [number, number, number];
      world.accepted({ lock: FENCED, sequence, token, value });
    }
  },

  judge: (history) => [
    ...(ofKind(history, 'accepted').filter(({ lock }) => lock === FENCED).length > 10 ? [] : [nothing('hardly anything was written')]),
    ...(ofKind(history, 'written').some(({ accepted }) => !accepted) ? [] : [nothing('no stale transaction was refused')]),
  ],
};

const nothing = (what: string) => ({ criterion: 'X4', text: `${what}: it proves nothing` });
