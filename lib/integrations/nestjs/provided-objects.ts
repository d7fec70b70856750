import type { DiscoveryService, ModulesContainer } from '@nestjs/core';
import type { LockRegistry } from '../../lock-registry.js';
import type { RegistryFinder } from '../../registry-finders.js';

/** What the container keeps about a provider; its class is not exported by name. */
type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * Knows `registry` for whatever the container has made: providers, controllers, and the guards, interceptors and pipes bound to them.
 *
 * Asked when a method is called, not at start-up: modules may be loaded later.
 */
export function finderOf(modules: ModulesContainer, registry: LockRegistry): RegistryFinder {
  const known = new WeakSet();
  return (object) => {
    if (!known.has(object)) {
      if (!isProvided(modules, object)) return undefined;
      known.add(object);
    }
    return registry;
  };
}

function isProvided(modules: ModulesContainer, object: object): boolean {
  for (const { providers, controllers, injectables, middlewares } of modules.values()) {
    for (const wrappers of [providers, controllers, injectables, middlewares]) {
      for (const wrapper of wrappers.values()) {
        if (isOf(wrapper, object)) return true;
      }
    }
  }
  return false;
}

/** The object itself, its class where a static method is called, or one of those that are made for each request or each user. */
function isOf(wrapper: Wrapper, object: object): boolean {
  if (wrapper.instance === object || wrapper.metatype === object) return true;
  // Nest keeps no list of these. Only their class tells, and that is the same in two applications.
  return wrapper.metatype === object.constructor && (wrapper.isTransient || !wrapper.isDependencyTreeStatic());
}
