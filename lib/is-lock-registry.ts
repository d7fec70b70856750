import type { LockRegistry } from './lock-registry.js';

// Known to every copy of the package in the process.
export const registryBrand: unique symbol = Symbol.for('sequelize-distributed-lock.registry');

/** True for a registry, of this copy of the package or another one. */
export function isLockRegistry(value: unknown): value is LockRegistry {
  return typeof value === 'object' && value !== null && registryBrand in value;
}

/** @throws {TypeError} not a registry */
export function checkRegistry(where: string, value: unknown): void {
  if (isLockRegistry(value)) return;
  const got = typeof value === 'object' && value !== null ? `an object of class ${value.constructor.name}` : typeof value;
  throw new TypeError(`${where} must be a LockRegistry, such as new LockRegistry(sequelize); got ${got}.`);
}
