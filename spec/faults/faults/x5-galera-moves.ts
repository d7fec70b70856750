import { allBut, type Fault } from '../support/fault.js';
import { lostInVain } from '../support/lost-in-time.js';
import { pick } from '../support/random.js';

const MOVES = 30;

/** Connections break and are made anew at another node, as behind a balancer: what was done at one node is known at the next. */
export const fault: Fault = {
  id: 'X5',
  title: 'connections moved from node to node',
  databases: ['galera'],
  // The row is looked at by the node where the worker began, which may not have it yet.
  criteria: allBut('C5row'),

  async inject(world) {
    const nodes = world.scene.cluster?.nodes ?? [];
    for (let moves = 0; moves < MOVES; moves++) {
      const mover = world.someone();
      world.fault('moved to another node', mover);
      mover.proxy?.redirect(pick(world.random, nodes).server.port);
      await world.sleep(50 + world.random() * 150);
    }
    world.over('moves', 1_000);
    await world.grants(5);
  },

  judge: (history) => lostInVain('X5', history),
};
