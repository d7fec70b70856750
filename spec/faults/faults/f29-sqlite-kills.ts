import { ALL, type Fault } from '../support/fault.js';

const KILLS = 8;

/** Many processes on one file, and one is killed every now and then in the middle of whatever it does. */
export const fault: Fault = {
  id: 'F29',
  title: 'five processes on a file, one killed every 150 ms',
  databases: ['sqlite'],
  criteria: ALL,
  workers: 5,

  async inject(world) {
    for (let kills = 0; kills < KILLS; kills++) {
      const victim = world.someone();
      world.fault('kill', victim);
      await world.crew.kill(victim);
      await Promise.all([world.crew.start(1), world.sleep(150)]);
    }
    // Each of the dead may have stood in line, and costs a claim.
    world.over('kills', KILLS * world.ttlMs);
    const [answer] = await world.scene.query('PRAGMA integrity_check');
    if (answer?.['integrity_check'] !== 'ok') throw new Error(`The file is damaged: ${JSON.stringify(answer)}`);
  },
};
