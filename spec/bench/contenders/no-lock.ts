import type { Contender } from './contender.js';

/** Excludes nobody: what the machine does without a lock. */
export const noLock: Contender = () =>
  Promise.resolve({
    acquire: () => Promise.resolve(() => Promise.resolve()),
    close: () => Promise.resolve(),
  });
