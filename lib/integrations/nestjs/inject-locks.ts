import { Inject, type InjectionToken } from '@nestjs/common';
import { LockRegistry } from '../../lock-registry.js';

/** Under what a `LockModule` provides its registry: the class itself, or a text where the module was given a `name`. */
export function getLocksToken(name?: string): InjectionToken<LockRegistry> {
  return name === undefined ? LockRegistry : `${name}LockRegistry`;
}

/**
 * Injects the registry of the `LockModule` with that `name`, or of the one without, into a property or a constructor's parameter.
 *
 * In a property called `locks` it is also what `@Locked` on that object's methods uses.
 *
 * @example
 * class Reports {
 *   \@InjectLocks('reports') readonly locks!: LockRegistry;
 * }
 */
export function InjectLocks(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getLocksToken(name));
}
