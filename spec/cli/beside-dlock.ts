import { LockRegistry, type RegistryOptions } from '../../lib/index.js';
import type { TestDatabase } from '../support/databases.js';
import { Dlock } from './dlock.js';

/** Makes registries of this process for a suite about `dlock` ones; all end with the spec. */
export function besideDlock(database: () => TestDatabase): (options?: RegistryOptions) => LockRegistry {
  const registries: LockRegistry[] = [];

  beforeEach(function () {
    this.currentTest?.timeout(60_000); // several processes, on a machine that may be busy
    this.currentTest?.slow(10_000);
  });
  afterEach(async () => {
    await Dlock.endAll();
    await Promise.all(registries.splice(0).map((registry) => registry.close({ grace: 0 })));
  });

  return (options = {}) => {
    const registry = new LockRegistry(database().newSequelize(), options);
    registries.push(registry);
    return registry;
  };
}
