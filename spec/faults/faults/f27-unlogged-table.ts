import { crash } from '../support/crash.js';
import { allBut, type Fault } from '../support/fault.js';

/** A table that a crash empties: exclusion is lost until the next renewal, and the order of what the row grants is not. */
export const fault: Fault = {
  id: 'F27',
  title: 'unlogged lock table, server killed',
  databases: ['postgres'],
  criteria: allBut('C1', 'C2', 'C5row'),

  async inject(world) {
    await world.scene.query('ALTER TABLE distributed_lock SET UNLOGGED');
    for (let times = 0; times < 2; times++) {
      world.fault('server killed, table empty');
      await crash(world.scene.server);
      world.over('server crash', 1_000);
      await world.grants(5);
    }
  },
};
