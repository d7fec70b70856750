import { Inject, type InjectionToken } from '@nestjs/common';
import type { ModuleRef, ModulesContainer } from '@nestjs/core';
import type { Sequelize } from 'sequelize';

/**
 * The Sequelize that `@nestjs/sequelize` provides: under the class itself, or as `<connection>Connection` where the connection has a name.
 *
 * The class may be that of `sequelize-typescript`, of `sequelize`, or of another copy of either, so it is not imported but found among what
 * the application provides.
 *
 * @throws {TypeError} nothing provides it, or several classes do
 */
export async function injectedSequelize(
  connection: string | undefined,
  modules: ModulesContainer,
  moduleRef: ModuleRef,
): Promise<Sequelize> {
  const tokens = new Set([...modules.values()].flatMap(({ providers }) => [...providers.keys()]));
  const wanted =
    connection === undefined || connection === 'default' ? isSequelizeClass : (token: unknown) => token === `${connection}Connection`;
  const [token, another] = [...tokens].filter(wanted);
  if (token === undefined) throw new TypeError(nothingProvided(connection));
  if (another !== undefined)
    throw new TypeError(
      'Several classes named Sequelize are provided here: tell LockModule which one by its option `source`, in forRootAsync().',
    );
  return injected<Sequelize>(moduleRef, token);
}

/** Waits, as a constructor's parameter does, until the provider is there. */
async function injected<T>(moduleRef: ModuleRef, token: InjectionToken): Promise<T> {
  // Its name stands in Nest's error where the provider is not visible from here.
  class LockRegistry {
    constructor(readonly source: T) {}
  }
  Inject(token)(LockRegistry, undefined, 0);
  return (await moduleRef.create(LockRegistry)).source;
}

function isSequelizeClass(token: unknown): boolean {
  const prototype = typeof token === 'function' ? (token.prototype as Partial<Sequelize> | undefined) : undefined;
  return typeof prototype?.getDialect === 'function' && typeof prototype.getQueryInterface === 'function';
}

function nothingProvided(connection: string | undefined): string {
  const missing = connection === undefined ? 'no Sequelize' : `no Sequelize connection "${connection}"`;
  const name = connection === undefined ? '' : ` with the name "${connection}"`;
  return (
    `LockModule finds ${missing} to inject. Import SequelizeModule.forRoot() of @nestjs/sequelize${name}, ` +
    'or pass LockModule the option `source` (a Sequelize instance or a pg.Pool) or `registry`.'
  );
}
