import { expect } from 'chai';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { LockRegistry } from '../../lib/index.js';
import type { Work } from './call-styles.js';

/** A function under a lock, and somebody else who wants that lock. */
export interface Tried {
  /** `work` under the lock. */
  readonly wrap: (work: Work) => Work;
  /** The same, which does nothing while the lock is busy. */
  readonly skipping: (work: Work) => Work;
  readonly skipped: unknown;
  /** A registry of somebody else's, and the lock's name. */
  readonly others: LockRegistry;
  readonly name: string;
}

export interface WrapperCase {
  /** A sentence of behaviour. */
  readonly name: string;
  /** Only of functions that take the place of another one. */
  readonly replacing?: boolean;
  readonly run: (tried: Tried) => Promise<void>;
}

const isFree = async ({ others, name }: Tried): Promise<boolean> => {
  const lease = await others.tryAcquire(name);
  return (await lease?.release()) ?? false;
};

/** How a call may fail: with an error or with anything else, at once or later. */
const failures: readonly unknown[] = [new Error('my own'), 'only text', undefined];

/** What must hold of every way to run a function under a lock. */
export const wrapperContract: readonly WrapperCase[] = [
  {
    name: 'lets one call in at a time, of its own and of others',
    async run({ wrap, others, name }) {
      let [inside, most, done] = [0, 0, 0];
      const visit = async (): Promise<void> => {
        most = Math.max(most, ++inside);
        await setTimeout(5);
        inside--;
        done++;
      };
      const wrapped = wrap(visit);
      await Promise.all([wrapped(), others.run(name, visit), wrapped(), others.run(name, visit), wrapped()]);
      expect({ most, inside, done }).to.deep.equal({ most: 1, inside: 0, done: 5 });
    },
  },
  {
    name: 'resolves with what the function returns, a value or a promise of one',
    async run({ wrap }) {
      const value = { some: 'value' };
      expect(await wrap(() => value)()).to.equal(value);
      expect(await wrap(() => setImmediate(value))()).to.equal(value);
      expect(await wrap(() => undefined)()).to.equal(undefined);
    },
  },
  {
    name: 'lets what the function throws through unchanged, and the lock is free again',
    async run(tried) {
      for (const thrown of failures) {
        const throwing = (): never => {
          throw thrown;
        };
        for (const work of [throwing, () => Promise.reject(thrown)]) {
          const [outcome] = await Promise.allSettled([tried.wrap(work)()]);
          expect(outcome).to.deep.equal({ status: 'rejected', reason: thrown });
          expect(outcome.status === 'rejected' && outcome.reason).to.equal(thrown);
          expect(await isFree(tried), 'free').to.equal(true);
        }
      }
    },
  },
  {
    name: 'holds the lock until the promise settles, and then frees it',
    async run(tried) {
      let free: boolean | undefined;
      await tried.wrap(async () => {
        await setImmediate();
        free = await isFree(tried);
      })();
      expect({ inside: free, after: await isFree(tried) }).to.deep.equal({ inside: false, after: true });
    },
  },
  {
    name: 'skips the function while the lock is busy where it was told to, and runs it where it is free',
    async run({ skipping, skipped, others, name }) {
      let calls = 0;
      const work = skipping(() => ++calls);
      const lease = await others.acquire(name);
      expect(await work()).to.equal(skipped);
      expect(calls).to.equal(0);
      await lease.release();
      expect(await work()).to.equal(1);
    },
  },
  {
    name: 'passes `this` and the arguments on, and keeps name and length',
    replacing: true,
    async run({ wrap }) {
      const self = { its: 'own' };
      const wrapped = wrap(function work(this: unknown, ...args: unknown[]) {
        return [this, ...args];
      });
      expect(await wrapped.apply(self, [1, 'two', undefined])).to.deep.equal([self, 1, 'two', undefined]);
      expect({ name: wrapped.name, length: wrapped.length }).to.deep.equal({ name: 'work', length: 0 });
    },
  },
];
