import { allBut, type Fault } from '../support/fault.js';
import { lostWithinOneRenewal } from '../support/lost-in-time.js';

/** Somebody deletes the row, and empties the table, under a holder: it learns that with its next renewal, and tokens go on from where they were. */
export const fault: Fault = {
  id: 'F28',
  title: 'row deleted and table emptied while held',
  databases: ['postgres', 'sqlite', 'mariadb', 'mysql'],
  criteria: allBut('C2', 'C5row'),
  smoke: true,
  workload: 'keep',

  async inject(world) {
    const empty = world.kind === 'sqlite' ? 'DELETE FROM distributed_lock' : 'TRUNCATE distributed_lock';
    for (const sql of ['DELETE FROM distributed_lock', empty]) {
      const watch = world.watch();
      await world.holder();
      world.fault(sql);
      await world.scene.query(sql);
      world.over('row deleted', 1_000);
      await watch.next('lost');
      await world.grants(1);
    }
  },

  judge: (history) => lostWithinOneRenewal('F28', history, () => true),
};
