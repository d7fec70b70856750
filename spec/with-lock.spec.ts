import { expect } from 'chai';
import { LeaseLostError, LockBusyError, LockRegistryNotConfiguredError } from '../lib/core/errors.js';
import { configureLocks } from '../lib/default-registry.js';
import { currentLease } from '../lib/engine/held-context.js';
import { EXECUTION_SKIPPED } from '../lib/engine/run-locked.js';
import type { LockRegistry } from '../lib/lock-registry.js';
import { Locked } from '../lib/locked.js';
import { NO_LOCK, withLock } from '../lib/with-lock.js';
import { MemoryWorld } from './support/memory-registry.js';
import { failureOf, rejection } from './support/outcome.js';

describe('withLock', () => {
  let world: MemoryWorld;
  let registry: LockRegistry;

  beforeEach(() => {
    world = new MemoryWorld();
    registry = world.locks();
    configureLocks(registry);
  });
  afterEach(() => configureLocks(undefined));

  const held = () => [...world.database.rows.keys()].filter((name) => world.database.ownerOf(name) !== undefined);

  describe('makes a function', () => {
    it('that runs the given one under the lock, with its arguments, and resolves with its result', async () => {
      const add = withLock('sum', async (one: number, other: number) => [one + other, held()] as const);
      expect([await add(1, 2), held()]).to.deep.equal([[3, ['sum']], []]);
    });

    it('with the name and the length of the given one', () => {
      const ship = async (id: string, carrier: string) => [id, carrier];
      const locked = withLock('ship', ship);
      expect([locked.name, locked.length]).to.deep.equal(['ship', 2]);
    });

    it('that passes `this` on, to the function and to what tells the name', async () => {
      const service = {
        id: 7,
        work: withLock(
          function (this: { id: number }) {
            return `job ${this.id}`;
          },
          async function (this: { id: number }) {
            return [this.id, held()];
          },
        ),
      };
      expect(await service.work()).to.deep.equal([7, ['job 7']]);
    });

    it('of one that returns no promise', async () => {
      expect(await withLock('sum', (one: number) => one + 1)(1)).to.equal(2);
    });

    it('that rejects with what the given one throws, unchanged, sooner or later', async () => {
      const mistake = new Error('mine');
      const throwing = withLock('a', () => {
        throw mistake;
      });
      expect(await rejection(throwing())).to.equal(mistake);
      expect(await rejection(withLock('a', () => Promise.reject(mistake))())).to.equal(mistake);
    });

    it('whose calls exclude each other', async () => {
      let [inside, most] = [0, 0];
      const work = withLock('job', async () => {
        most = Math.max(most, ++inside);
        await world.clock.sleep(10);
        inside--;
      });
      const calls = [work(), work(), work()];
      await world.clock.advance(100);
      await Promise.all(calls);
      expect(most).to.equal(1);
    });

    it('that sets the current lease while it runs', async () => {
      expect(await withLock('job', () => currentLease()?.name)()).to.equal('job');
    });

    it('on its options', async () => {
      await withLock('job', () => expect(world.database.row('job').label).to.equal('nightly'), { label: 'nightly' })();
    });
  });

  describe('asks for the name at each call', () => {
    it('where it is a function of the arguments', async () => {
      const work = withLock(
        (id: string) => `order:${id}`,
        async (id: string) => [id, ...held()],
      );
      expect([await work('7'), await work('8')]).to.deep.equal([
        ['7', 'order:7'],
        ['8', 'order:8'],
      ]);
    });

    it('and takes several', async () => {
      const move = withLock(
        (from: string, to: string) => [from, to],
        async (from: string, to: string) => [`${from} to ${to}`, ...held()],
      );
      expect(await move('b', 'a')).to.deep.equal(['b to a', 'a', 'b']);
    });

    it('and none where the answer is NO_LOCK: then it needs no registry either', async () => {
      configureLocks(undefined);
      const work = withLock(
        (id: string) => (id === '' ? NO_LOCK : id),
        async (id: string) => [id, held()],
      );
      expect(await work('')).to.deep.equal(['', []]);
      expect(NO_LOCK).to.equal(Symbol.for('sequelize-distributed-lock.no-lock'));
    });

    it('and refuses what is none: a missing id must not turn into no exclusion', async () => {
      let ran = 0;
      for (const none of [undefined, '', [], [''], null, 7, false]) {
        const work = withLock(
          () => none as string,
          () => ran++,
        );
        await failureOf(work(), TypeError);
      }
      expect(ran).to.equal(0);
    });

    it('and rejects with what that throws', async () => {
      const mistake = new Error('mine');
      const work = withLock(
        () => {
          throw mistake;
        },
        () => 'ran',
      );
      expect(await rejection(work())).to.equal(mistake);
    });
  });

  it('takes a list of names', async () => {
    expect(await withLock(['b', 'a'], held)()).to.deep.equal(['a', 'b']);
  });

  it('refuses at once what can never work', () => {
    for (const name of ['', [], ['a', ''], undefined, null, 7]) expect(() => withLock(name as never, () => 'ran')).to.throw(TypeError);
    expect(() => withLock('x'.repeat(1_025), () => 'ran')).to.throw(RangeError);
    expect(() => withLock('a', undefined as never)).to.throw(TypeError, 'a function to wrap; got undefined');
  });

  it('refuses at once options that can never work, and not at three in the morning', () => {
    const wraps = [
      (options: object) => withLock('a', held, options),
      (options: object) => Locked('a', options)(held as never, { kind: 'method', name: 'held', access: { has: () => true } } as never),
      (options: object) => registry.withLock('a', held, options),
    ];
    for (const wrap of wraps) {
      for (const options of [{ tll: '5m' }, { ttl: 'abc' }, { ttl: 50 }, { minHold: '31d' }, { maxHold: '30ms' }])
        expect(() => wrap(options)).to.throw(Error, `"${Object.keys(options).join('')}"`);
    }
    expect(() => registry.withLock('a', held, { registry } as never)).to.throw(TypeError, '"registry"');
  });

  it('takes nothing but a registry for one', () => {
    for (const registry of [{}, { run: () => 'ran' }, null, 'locks']) {
      expect(() => withLock('a', held, { registry: registry as never })).to.throw(TypeError, '"registry" must be a LockRegistry');
      expect(() => configureLocks(registry as never)).to.throw(TypeError, 'must be a LockRegistry, such as new LockRegistry(sequelize)');
    }
    expect(withLock('a', held, { registry: undefined } as never)).to.be.a('function');
  });

  describe('while somebody else holds the lock', () => {
    beforeEach(() => world.locks({ holder: 'host 7' }).acquire('job'));

    it('skips where it is told so', async () => {
      expect(await withLock('job', () => 'ran', { onBusy: 'skip' })()).to.equal(EXECUTION_SKIPPED);
    });

    it('fails where it is told so', async () => {
      expect((await failureOf(withLock('job', () => 'ran', { onBusy: 'fail' })(), LockBusyError)).occupant.holder).to.equal('host 7');
    });
  });

  it('rejects where the lease was lost meanwhile', async () => {
    const work = withLock('job', () => {
      world.database.rows.delete('job');
      return 'done';
    });
    expect(await failureOf(work(), LeaseLostError)).to.include({ result: 'done' });
  });

  describe('finds its registry when it is called', () => {
    it('in its options', async () => {
      const other = new MemoryWorld();
      await withLock('job', () => expect([held().length, other.database.ownerOf('job') !== undefined]).to.deep.equal([0, true]), {
        registry: other.locks(),
      })();
    });

    it('or the configured one of that moment', async () => {
      configureLocks(undefined);
      const work = withLock('job', held);
      expect(await failureOf(work(), LockRegistryNotConfiguredError)).to.include({ code: 'LOCK_REGISTRY_NOT_CONFIGURED' });
      configureLocks(registry);
      expect(await work()).to.deep.equal(['job']);
    });

    it('or in itself, as a method of a registry', async () => {
      configureLocks(undefined);
      const work = registry.withLock('job', async (id: string) => [id, ...held()]);
      expect([await work('7'), work.length]).to.deep.equal([['7', 'job'], 1]);
    });
  });

  it('shares the configured registry with other copies of the package', async () => {
    const copy = (await import(`../lib/default-registry.js?copy=${Math.random()}`)) as { defaultRegistry: () => unknown };
    expect(copy.defaultRegistry()).to.equal(registry);
  });
});
