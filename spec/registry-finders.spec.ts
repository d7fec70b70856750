import { expect } from 'chai';
import { LockRegistryNotConfiguredError } from '../lib/core/errors.js';
import { Locked } from '../lib/locked.js';
import { findRegistriesBy, foundRegistry } from '../lib/registry-finders.js';
import { FakeLocks } from '../lib/testing/fake-locks.js';

describe('Finders of registries', () => {
  const forget: (() => void)[] = [];
  afterEach(() => {
    for (const one of forget.splice(0)) one();
  });

  /** A finder that knows these objects. */
  const knows = (locks: FakeLocks, ...objects: object[]) => {
    forget.push(findRegistriesBy((object) => (objects.includes(object) ? locks : undefined)));
    return locks;
  };

  class Jobs {
    @Locked('job')
    async run(): Promise<string> {
      return 'ran';
    }

    @Locked('all jobs')
    static async runAll(): Promise<string> {
      return 'ran';
    }
  }

  it('tell @Locked whose locks an object uses, or a class', async () => {
    const jobs = new Jobs();
    const [mine, others] = [knows(new FakeLocks(), jobs, Jobs), knows(new FakeLocks(), new Jobs())];
    await jobs.run();
    await Jobs.runAll();
    expect([mine.calls.length, others.calls.length]).to.deep.equal([2, 0]);
  });

  it('are asked after the object’s own `locks`', async () => {
    const own = new FakeLocks();
    const jobs = Object.assign(new Jobs(), { locks: own });
    const found = knows(new FakeLocks(), jobs);
    await jobs.run();
    expect([own.calls.length, found.calls.length]).to.deep.equal([1, 0]);
  });

  it('may know the same registry, and are refused where they know several', () => {
    const jobs = new Jobs();
    const locks = knows(new FakeLocks(), jobs, Jobs);
    knows(locks, jobs, Jobs);
    expect(foundRegistry(jobs)).to.equal(locks);
    knows(new FakeLocks(), jobs, Jobs);
    for (const object of [jobs, Jobs]) expect(() => foundRegistry(object)).to.throw(LockRegistryNotConfiguredError, 'class "Jobs"');
  });

  it('know nothing of what they were made to forget, nor of what is no object', () => {
    const jobs = new Jobs();
    knows(new FakeLocks(), jobs);
    for (const one of forget.splice(0)) one();
    for (const value of [jobs, undefined, null, 'text']) expect(foundRegistry(value)).to.equal(undefined);
  });
});
