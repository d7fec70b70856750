import { LockRegistry } from '../../../lib/index.js';
import { connect } from '../../support/databases.js';
import { allBut, type Fault } from '../support/fault.js';

const TIMES = 10;

/** An operator frees the lock at once, in the middle of hand-overs inside processes and between them: what the row grants rises. */
export const fault: Fault = {
  id: 'X2',
  title: 'lock freed by force during hand-overs',
  databases: ['postgres', 'sqlite', 'mariadb', 'mysql'],
  criteria: allBut('C1', 'C2', 'C5row'),

  async inject(world) {
    const sequelize = connect((await world.scene.newWay()).directUrl);
    const locks = new LockRegistry(sequelize);
    for (let times = 0; times < TIMES; times++) {
      if (await locks.forceRelease(world.lockName, { now: true })) world.fault('freed by force');
      await world.grants(2);
    }
    await locks.close();
    await sequelize.close();
    world.over('freed by force', 1_000);
  },
};
