import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Options, Sequelize } from 'sequelize';
import { systemClock } from '../../lib/adapters/system-clock.js';
import type { Clock } from '../../lib/contracts/clock.js';
import type { RegistryOptions } from '../../lib/engine/options.js';
import { LockRegistry } from '../../lib/lock-registry.js';
import { dialectOf } from '../../lib/lock-source.js';
import type { World } from '../../lib/testing/contract/contract-case.js';
import { nameConnections, openConnections } from './connections.js';
import { connect, type DialectName, type TestDatabase } from './databases.js';

/** A timer or a connection may take so long to go. */
const FAREWELL_MS = 3_000;

export const freshName = (): string => `lock_${randomBytes(6).toString('hex')}`;

/** Runs one case, closes what it opened, and fails it for what is left over: timers of its registries, and connections. */
export async function inWorld(database: TestDatabase, run: (world: ContractWorld) => Promise<void>): Promise<void> {
  const world = new ContractWorld(database);
  try {
    await run(world);
  } finally {
    await world.close();
  }
  await world.refuseLeftovers();
}

/** How a connection tells the server its name, where it can. */
const namedOn: Readonly<Partial<Record<DialectName, (name: string) => Options>>> = {
  mssql: (appName) => ({ dialectOptions: { options: { appName } } }),
  postgres: (name) => ({ dialectOptions: { application_name: name } }),
};

/** A case's world on a test database; where that is a file, on one of its own beside it, so that cases are not in each other's way. */
export class ContractWorld implements World {
  readonly application: Sequelize;
  readonly url: string;
  /** What its connections are known by. */
  readonly id = freshName();
  readonly #database: TestDatabase;
  readonly #registries: LockRegistry[] = [];
  readonly #timers = new Set<object>();

  constructor(database: TestDatabase) {
    this.#database = database;
    const isFile = database.dialect === 'sqlite';
    this.url = isFile ? `${database.url}-${this.id}` : database.url;
    this.application = connect(this.url, { pool: { max: 1 }, ...namedOn[database.dialect]?.(this.id) });
    nameConnections(this.application, this.id);
  }

  get dialect(): World['dialect'] {
    return dialectOf(this.application, undefined);
  }

  /** Real time, whose timers are counted. */
  readonly clock: Clock = {
    now: () => systemClock.now(),
    turn: () => systemClock.turn(),
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
    after: (ms, fn, keepAlive) => {
      const timer = {};
      this.#timers.add(timer);
      const fired = (): void => {
        this.#timers.delete(timer);
        fn();
      };
      const cancel = systemClock.after(ms, fired, keepAlive);
      return () => {
        this.#timers.delete(timer);
        cancel();
      };
    },
  };

  readonly locks = (options: RegistryOptions = {}): LockRegistry => {
    const registry = new LockRegistry(this.application, { clock: this.clock, ...options });
    this.#registries.push(registry);
    return registry;
  };

  readonly freshName = freshName;

  async close(): Promise<void> {
    await Promise.all(this.#registries.map((registry) => registry.close({ grace: 0 })));
    await this.application.close();
  }

  async refuseLeftovers(): Promise<void> {
    await soon(() => this.#timers.size === 0, 'timers of its registries are left');
    await soon(async () => (await openConnections(this.#database, this.id)) === 0, 'connections of its registries are left');
  }
}

async function soon(holds: () => boolean | Promise<boolean>, complaint: string): Promise<void> {
  const deadline = Date.now() + FAREWELL_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(complaint);
    await setTimeout(10);
  }
}
