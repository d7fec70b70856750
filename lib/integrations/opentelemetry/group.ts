import { diag } from '@opentelemetry/api';

/** What stands for a lock's name where there must be few values. */
export type Group = (lockName: string) => string;

/** What OpenTelemetry calls everything that has no name of its own. */
export const OTHER = '_OTHER';

/** `order` for the lock `order:4711`. */
export const firstPart: Group = (lockName) => lockName.split(':', 1)[0] ?? lockName;

/** The same function, which answers {@link OTHER} where it throws or answers no text. */
export function guarded(group: Group): Group {
  return (lockName) => {
    try {
      const name: unknown = group(lockName);
      return typeof name === 'string' ? name : OTHER;
    } catch (error) {
      diag.error(`sequelize-distributed-lock: option "group" failed for lock "${lockName}".`, error);
      return OTHER;
    }
  };
}
