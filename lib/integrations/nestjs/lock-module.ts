import { type DynamicModule, type FactoryProvider, type InjectionToken, Module, type OnApplicationShutdown } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { LockRegistry } from '../../lock-registry.js';
import { findRegistriesBy } from '../../registry-finders.js';
import { getLocksToken } from './inject-locks.js';
import { injectedSequelize } from './injected-sequelize.js';
import { checkOptions, type LockModuleAsyncOptions, type LockModuleOptions, type LockModuleScope } from './options.js';
import { finderOf } from './provided-objects.js';

/**
 * Provides a {@link LockRegistry}, by default on the Sequelize of `@nestjs/sequelize`, and closes it when the application shuts down.
 *
 * `@Locked` uses it on all that the application's container makes. With a wrong option, or nothing to connect by, the application does not
 * start: a `TypeError` or `RangeError` says why.
 *
 * @example
 * \@Module({ imports: [SequelizeModule.forRoot(database), LockModule.forRoot({ ttl: '30s' })] })
 * class AppModule {}
 */
export class LockModule {
  /** With options that are known when the module is declared. */
  static forRoot({ name, isGlobal, ...options }: LockModuleOptions & LockModuleScope = {}): DynamicModule {
    return lockModule(name, isGlobal, { useFactory: () => options });
  }

  /** With options that a function makes of what other modules provide. */
  static forRootAsync({ name, isGlobal, imports, inject = [], useFactory }: LockModuleAsyncOptions): DynamicModule {
    return lockModule(name, isGlobal, { useFactory, inject }, imports);
  }
}
Module({})(LockModule);

/**
 * Holds the registry, apart from the module that may be global. Nest shuts global modules down last and in no promised order, the one of
 * `@nestjs/sequelize` among them; one that is not global comes before them, so locks are given back while there are connections.
 */
class LockRegistryModule {}
Module({})(LockRegistryModule);

const OPTIONS = Symbol('LockModuleOptions');

function lockModule(
  name: string | undefined,
  isGlobal = true,
  options: Omit<FactoryProvider<LockModuleOptions>, 'provide'>,
  imports: DynamicModule['imports'] = [],
): DynamicModule {
  const token = getLocksToken(name);
  const holder: DynamicModule = {
    module: LockRegistryModule,
    imports,
    providers: [{ provide: OPTIONS, ...options }, making(token), closing(token)],
    exports: [token],
  };
  // @Locked means the registry without a name; the others are injected.
  const providers = name === undefined ? [finding(token)] : [];
  return { module: LockModule, global: isGlobal, imports: [holder], exports: [holder], providers };
}

function making(token: InjectionToken): FactoryProvider<LockRegistry> {
  return {
    provide: token,
    inject: [OPTIONS, ModulesContainer, ModuleRef],
    async useFactory(options: LockModuleOptions, modules: ModulesContainer, moduleRef: ModuleRef) {
      checkOptions(options);
      const { registry, source, connection, ...registryOptions } = options;
      return registry ?? new LockRegistry(source ?? (await injectedSequelize(connection, modules, moduleRef)), registryOptions);
    },
  };
}

/**
 * In the last step of a shutdown. Before it Nest closes its servers, which lets requests in flight end, and those need their locks;
 * `@nestjs/schedule` has stopped one step earlier. A run that is still under way gets the grace of `close()`.
 */
function closing(token: InjectionToken): FactoryProvider<OnApplicationShutdown> {
  return {
    provide: Symbol('closing the LockRegistry'),
    inject: [OPTIONS, token],
    useFactory: ({ registry }: LockModuleOptions, locks: LockRegistry) => ({
      onApplicationShutdown: async () => {
        if (!registry) await locks.close();
      },
    }),
  };
}

/** From now on, not from a hook: a testing module that is compiled and never initialised calls none. */
function finding(token: InjectionToken): FactoryProvider<OnApplicationShutdown> {
  return {
    provide: Symbol('finding the LockRegistry'),
    inject: [ModulesContainer, token],
    useFactory: (modules: ModulesContainer, locks: LockRegistry) => ({
      onApplicationShutdown: findRegistriesBy(finderOf(modules, locks)),
    }),
  };
}
