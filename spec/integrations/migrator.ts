import { setTimeout } from 'node:timers/promises';
import { LockRegistry } from '../../lib/index.js';
import { UmzugLock } from '../../lib/integrations/umzug.js';
import { connect } from '../support/databases.js';
import { hear, tell } from '../support/parent.js';
import { migrationsOf } from './migrations.js';

// An instance of a service that migrates the database when it starts.

/** How it goes about it. */
export interface Way {
  readonly locked: boolean;
  /** In the middle of its first migration it says so, and stays there. */
  readonly stuck?: boolean;
}

/** What came of it: the migrations that it applied, or an error. */
export interface Migrated {
  readonly applied?: string[];
  readonly error?: string;
}

await tell('ready');
const { locked, stuck = false } = await hear<Way>();
const sequelize = connect(process.argv[2] ?? '');
// Who waits looks often, where there is nothing that would wake it.
const locks = new LockRegistry(sequelize, { polling: () => 50 });
const umzug = migrationsOf(sequelize, stuck ? () => tell('stuck').then(() => setTimeout(600_000)) : undefined);
if (locked) new UmzugLock(locks, { wait: '60s', ttl: stuck ? '1s' : '30s' }).attachTo(umzug);
const outcome = await umzug.up().then(
  (applied): Migrated => ({ applied: applied.map(({ name }) => name) }),
  (error: unknown): Migrated => ({ error: String(error) }),
);
await locks.close();
await sequelize.close();
await tell(outcome);
