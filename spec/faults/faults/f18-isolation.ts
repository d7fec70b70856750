import { ofKind } from '../history/event.js';
import { ALL, type Fault } from '../support/fault.js';
import type { World } from '../support/world.js';

/** Defaults of the database's that would make single statements fail. */
export const fault: Fault = {
  id: 'F18',
  title: 'default isolation repeatable read, then serializable',
  databases: ['postgres', 'pgbouncer'],
  criteria: ALL,
  prepare: (world) => setDefault(world, 'repeatable read'),

  async inject(world) {
    await world.grants(25);
    await setDefault(world, 'serializable');
    // It counts for new connections.
    for (const { proxy } of world.crew.workers) proxy?.reset();
    await world.grants(25);
  },

  judge: (history) => ofKind(history, 'failed').map(({ who, error }) => ({ criterion: 'F18', text: `${who}: ${error}` })),
};

async function setDefault(world: World, level: string): Promise<void> {
  world.fault(`default isolation ${level}`);
  await world.scene.query(
    `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = %L', current_database(), '${level}'); END $$`,
  );
}
