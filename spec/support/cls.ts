import { AsyncLocalStorage } from 'node:async_hooks';
import { Sequelize } from 'sequelize';

/**
 * Switches Sequelize's CLS on: queries without a transaction join the one that the async context is in. What `cls-hooked` does, on Node's own
 * storage. It is Sequelize's for the whole process; call the answer to switch it off again.
 */
export function useCls(): () => void {
  const storage = new AsyncLocalStorage<Map<string, unknown>>();
  Sequelize.useCLS({
    run: (fn: (context: unknown) => unknown) => {
      const context = new Map(storage.getStore());
      return storage.run(context, () => fn(context));
    },
    bind:
      (fn: (...args: unknown[]) => unknown, context: Map<string, unknown>) =>
      (...args: unknown[]) =>
        storage.run(context, () => fn(...args)),
    get: (key: string) => storage.getStore()?.get(key),
    set: (key: string, value: unknown) => storage.getStore()?.set(key, value),
  });
  return () => Reflect.deleteProperty(Sequelize, '_cls');
}
