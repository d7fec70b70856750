import type { FactoryProvider, ModuleMetadata } from '@nestjs/common';
import type { LockSource, RegistryOptions } from '../../index.js';
import { isLockRegistry } from '../../is-lock-registry.js';
import type { LockRegistry } from '../../lock-registry.js';

/** What a module's registry is made of: the options of a registry, and where its connections come from. */
export interface LockModuleOptions extends RegistryOptions {
  /** The name that the connection has in `SequelizeModule.forRoot({ name })`; default: the connection without a name. */
  readonly connection?: string;
  /** A Sequelize instance or a `pg.Pool`, instead of one that is injected. */
  readonly source?: LockSource;
  /** A registry that is there already, or a fake of one, instead of any other option. Who made it closes it. */
  readonly registry?: LockRegistry;
}

/** How the application sees a module's registry. */
export interface LockModuleScope {
  /** For `@InjectLocks(name)`, where the application has several registries; default: the registry that `@Locked` and `LockRegistry` mean. */
  readonly name?: string;
  /** Whether other modules see the registry without importing this one; default true. */
  readonly isGlobal?: boolean;
}

/** What a module is made of whose options come from other providers. */
export interface LockModuleAsyncOptions extends LockModuleScope, Pick<ModuleMetadata, 'imports'> {
  /** Tokens of what `useFactory` is called with. */
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: FactoryProvider<LockModuleOptions>['useFactory'];
}

/** @throws {TypeError} no options, or some that contradict each other */
export function checkOptions(options: unknown): asserts options is LockModuleOptions {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`LockModule needs options; its useFactory returned ${options === null ? 'null' : typeof options}.`);
  const { registry, source, connection } = options as LockModuleOptions;
  if (registry !== undefined) {
    if (!isLockRegistry(registry)) throw new TypeError(`LockModule's option "registry" must be a LockRegistry; got ${typeof registry}.`);
    const [other] = Object.keys(options).filter((option) => option !== 'registry');
    if (other !== undefined)
      throw new TypeError(`LockModule's option "registry" goes alone: it has its own settings, so "${other}" has no effect.`);
  }
  if (source !== undefined && connection !== undefined)
    throw new TypeError('LockModule takes the option "source" or the option "connection", not both.');
}
