import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Dialect, Sequelize } from 'sequelize';
import { LockRegistry, type RegistryOptions } from '../index.js';
import { type Address, readAddress } from './address.js';
import { EXIT } from './exit-codes.js';
import { CliError } from './failure.js';

/** The options of every command. */
export interface DatabaseOptions {
  readonly url?: string;
  readonly table?: string;
}

/**
 * Runs `work` with the locks of the database that the options name, and closes the connections after it.
 *
 * @param settings of the registry; with `create: false` nothing is made, not even SQLite's file
 * @throws {CliError} no such database, its driver is missing, or a setting is out of bounds; nothing was sent
 */
export async function withLocks<T>(
  { url, table }: DatabaseOptions,
  settings: RegistryOptions,
  work: (locks: LockRegistry) => Promise<T>,
): Promise<T> {
  const address = readAddress(url);
  if (settings.create === false) refuseMissing(address);
  const sequelize = connectionTo(address);
  try {
    const locks = registry(sequelize, { ...(table === undefined ? {} : { table }), ...settings });
    return await work(locks).finally(() => locks.close());
  } finally {
    await sequelize.close();
  }
}

/** For what only looks. @throws {CliError} no such database, as far as that is to be seen without connecting */
export function requireDatabase({ url }: DatabaseOptions): void {
  refuseMissing(readAddress(url));
}

/** SQLite makes a file of any name; a misspelt one must not become an empty database. */
function refuseMissing({ file }: Address): void {
  if (file !== undefined && !existsSync(file))
    throw new CliError(EXIT.config.code, `There is no file ${file}. Check the path, or make it with dlock init.`);
}

function connectionTo({ dialect, url, file }: Address): Sequelize {
  const { driver, title } = dialect.facts;
  requireDriver(driver, title);
  try {
    if (file === undefined) return new Sequelize(url, { logging: false });
    // Sequelize's names of its dialects are ours.
    return new Sequelize({ dialect: dialect.name as Dialect, storage: file, logging: false });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(EXIT.config.code, `The package ${driver} cannot be used: ${why}. Reinstall it: npm install ${driver}`, { cause });
  }
}

/** Looked for as Sequelize does, from where Sequelize is. */
function requireDriver(driver: string, server: string): void {
  const { resolve } = createRequire(createRequire(import.meta.url).resolve('sequelize'));
  try {
    resolve(driver);
  } catch (cause) {
    throw new CliError(EXIT.config.code, `${server} needs the package ${driver}, which is not installed. Run: npm install ${driver}`, {
      cause,
    });
  }
}

function registry(sequelize: Sequelize, options: RegistryOptions): LockRegistry {
  try {
    return new LockRegistry(sequelize, options);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new CliError(EXIT.usage.code, error.message, { cause: error });
    throw error;
  }
}
