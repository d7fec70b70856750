import type pg from 'pg';
import type { Sequelize } from 'sequelize';
import { fileURLToPath } from 'node:url';
import { tsImport } from 'tsx/esm/api';
import { DistributedLock, EXECUTION_SKIPPED, Locked, type LockRegistry, withLock } from '../../lib/index.js';
import type { DialectName } from '../support/databases.js';
import * as underTc39 from './services.js';

export type Work = (this: unknown, ...args: unknown[]) => unknown;

/** What a style has to work with. */
export interface Place {
  readonly name: string;
  readonly locks: LockRegistry;
  readonly application: Sequelize;
  readonly pool: pg.Pool;
  /** Do nothing while the lock is busy, instead of waiting. */
  readonly skip: boolean;
}

/** A way to run a function under a lock. */
export interface CallStyle {
  readonly title: string;
  /** Where it is to be had; default: everywhere. */
  readonly dialect?: DialectName;
  /** What a skipped call resolves to. */
  readonly skipped: unknown;
  /** The function takes the place of another one: `this`, arguments, name and length are that one's. */
  readonly replaces: boolean;
  /** A function that runs `work` under the lock. */
  readonly wrap: (work: Work, place: Place) => Work;
}

const legacyProject = new URL('../legacy-decorators/tsconfig.json', import.meta.url);
const underExperimental = (await tsImport(new URL('services.ts', import.meta.url).href, {
  parentURL: import.meta.url,
  tsconfig: fileURLToPath(legacyProject),
})) as typeof underTc39;

/** Classes decorated in the two ways that there are. */
export const decorators = { 'TC39 decorators': underTc39, experimentalDecorators: underExperimental } as const;

const onBusy = (skip: boolean) => (skip ? 'skip' : 'wait');

const acquireAndRelease: CallStyle = {
  title: 'acquire and release',
  skipped: EXECUTION_SKIPPED,
  replaces: false,
  wrap: (work, { locks, name, skip }) =>
    async function (this: unknown, ...args) {
      const lease = skip ? await locks.tryAcquire(name) : await locks.acquire(name);
      if (!lease) return EXECUTION_SKIPPED;
      try {
        return await work.apply(this, args);
      } finally {
        await lease.release();
      }
    },
};

const awaitUsing: CallStyle = {
  title: 'await using',
  skipped: EXECUTION_SKIPPED,
  replaces: false,
  wrap: (work, { locks, name, skip }) =>
    async function (this: unknown, ...args) {
      await using lease = skip ? await locks.tryAcquire(name) : await locks.acquire(name);
      return lease ? await work.apply(this, args) : EXECUTION_SKIPPED;
    },
};

const run: CallStyle = {
  title: 'locks.run()',
  skipped: EXECUTION_SKIPPED,
  replaces: false,
  wrap: (work, { locks, name, skip }) =>
    function (this: unknown, ...args) {
      return locks.run(name, () => work.apply(this, args), { onBusy: onBusy(skip) });
    },
};

const method: CallStyle = {
  title: 'locks.withLock()',
  skipped: EXECUTION_SKIPPED,
  replaces: true,
  wrap: (work, { locks, name, skip }) => locks.withLock(name, work, { onBusy: onBusy(skip) }),
};

const freeFunction: CallStyle = {
  title: 'withLock()',
  skipped: EXECUTION_SKIPPED,
  replaces: true,
  wrap: (work, { locks, name, skip }) => withLock(name, work, { registry: locks, onBusy: onBusy(skip) }),
};

const decorated = Object.entries(decorators).map(([kind, { lockedMethod }]): CallStyle => ({
  title: `@Locked under ${kind}`,
  skipped: undefined,
  replaces: true,
  wrap: (work, { locks, name, skip }) => lockedMethod(Locked, name, { registry: locks, onBusy: onBusy(skip) }, work),
}));

const ancestor = (
  title: string,
  queryInterface: (place: Place) => ConstructorParameters<typeof DistributedLock>[1]['queryInterface'],
): CallStyle => ({
  title: `DistributedLock over ${title}`,
  skipped: DistributedLock.EXECUTION_SKIPPED,
  replaces: false,
  wrap(work, place) {
    const lock = new DistributedLock(place.name, { queryInterface: queryInterface(place), skipIfObtained: place.skip });
    return function (this: unknown, ...args) {
      return lock.lock(() => work.apply(this, args), { sleepMilliseconds: 10 });
    };
  },
});

/** Every way to run a function under a lock. */
export const callStyles: readonly CallStyle[] = [
  acquireAndRelease,
  awaitUsing,
  run,
  method,
  freeFunction,
  ...decorated,
  ancestor("Sequelize's query interface", ({ application }) => application.getQueryInterface()),
  { ...ancestor('a pg.Pool', ({ pool }) => pool), dialect: 'postgres' },
];
