import type { Contender } from './contender.js';

/** Who takes part, each loaded by those only who run it. */
const loaders = {
  library: { title: 'this library', load: async () => (await import('./library.js')).library },
  'library-durable': { title: 'this library, durable release', load: async () => (await import('./library.js')).libraryWithDurableRelease },
  verrou: { title: '@verrou/core on knex', load: async () => (await import('./verrou.js')).verrou },
  'advisory-lock': { title: 'advisory-lock', load: async () => (await import('./advisory-lock.js')).advisoryLock },
  raw: { title: 'two raw statements', load: async () => (await import('./raw.js')).raw },
  'raw-turns': { title: 'two raw statements a turn', load: async () => (await import('./raw-turns.js')).rawTurns },
  'no-lock': { title: 'no lock at all', load: async () => (await import('./no-lock.js')).noLock },
} as const satisfies Record<string, { title: string; load: () => Promise<Contender> }>;

export type ContenderName = keyof typeof loaders;

export const titleOf = (name: ContenderName): string => loaders[name].title;

export const load = (name: ContenderName): Promise<Contender> => loaders[name].load();
