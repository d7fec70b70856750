import 'reflect-metadata';
import { expect } from 'chai';
import { configureLocks } from '../../lib/default-registry.js';
import { LockRegistryNotConfiguredError } from '../../lib/core/errors.js';
import { Locked } from '../../lib/locked.js';
import { NO_LOCK } from '../../lib/with-lock.js';
import { MemoryWorld } from '../support/memory-registry.js';
import { failureOf, rejection } from '../support/outcome.js';

type Method = (...args: never[]) => unknown;

/** What a framework's decorator does: it notes something about the method that it finds. */
const Noted =
  (key: string) =>
  (_target: object, _property: string, descriptor: PropertyDescriptor): void =>
    Reflect.defineMetadata(key, 'noted', descriptor.value as object);

describe('@Locked, under experimentalDecorators', () => {
  let world: MemoryWorld;

  beforeEach(() => {
    world = new MemoryWorld();
    configureLocks(world.locks());
  });
  afterEach(() => configureLocks(undefined));

  const held = () => [...world.database.rows.keys()].filter((name) => world.database.ownerOf(name) !== undefined);

  class Orders {
    readonly prefix: string = 'order';

    @Locked('all orders')
    async count(): Promise<string[]> {
      return held();
    }

    @Locked((id: string) => `order:${id}`)
    async ship(id: string, weight = 1): Promise<unknown[]> {
      return [id, weight, this.prefix, held()];
    }

    @Locked(function (this: Orders, id: string) {
      return `${this.prefix}:${id}`;
    })
    async own(id: string): Promise<string[]> {
      return [id, ...held()];
    }

    @Locked((id: string) => (id === '' ? NO_LOCK : id))
    async free(id: string): Promise<string[]> {
      return [id, ...held()];
    }

    @Locked('failing')
    async fail(error: Error): Promise<never> {
      throw error;
    }

    @Locked('skipped', { onBusy: 'skip' })
    async skip(): Promise<number | undefined> {
      return 1;
    }

    @Locked((id: string) => `static:${id}`)
    static async all(id: string): Promise<unknown[]> {
      return [id, this === Orders, held()];
    }
  }

  it('runs a method under the lock, with its arguments and `this`', async () => {
    const orders = new Orders();
    expect([await orders.count(), held()]).to.deep.equal([['all orders'], []]);
    expect(await orders.ship('7', 3)).to.deep.equal(['7', 3, 'order', ['order:7']]);
    expect(await orders.own('7')).to.deep.equal(['7', 'order:7']);
  });

  it('runs a static method under the lock', async () => {
    expect(await Orders.all('7')).to.deep.equal(['7', true, ['static:7']]);
  });

  it('takes no lock where none is needed', async () => {
    expect([await new Orders().free(''), await new Orders().free('7')]).to.deep.equal([[''], ['7', '7']]);
  });

  it('rejects with the method’s error, the very same', async () => {
    const mistake = new Error('mine');
    expect(await rejection(new Orders().fail(mistake))).to.equal(mistake);
  });

  it('resolves to undefined where a call is skipped', async () => {
    expect(await new Orders().skip()).to.equal(1);
    await world.locks().acquire('skipped');
    expect(await new Orders().skip()).to.equal(undefined);
  });

  it('keeps name and length, and the method’s place', () => {
    const { ship } = Orders.prototype as unknown as Record<string, Method>;
    expect([ship?.name, ship?.length, Orders.all.name, Orders.all.length]).to.deep.equal(['ship', 1, 'all', 1]);
    expect(Object.getOwnPropertyDescriptor(Orders.prototype, 'ship')).to.include({ enumerable: false, configurable: true, writable: true });
  });

  it('keeps metadata of decorators below it, and lets those above it add theirs', () => {
    class Jobs {
      @Noted('above')
      @Locked('job')
      @Noted('below')
      async run(): Promise<void> {
        // only declared
      }
    }
    const run = Object.getOwnPropertyDescriptor(Jobs.prototype, 'run')?.value as object;
    expect([Reflect.getMetadata('above', run), Reflect.getMetadata('below', run)]).to.deep.equal(['noted', 'noted']);
  });

  it('is inherited and overridden with the method', async () => {
    class Special extends Orders {
      override readonly prefix = 'special';

      override async count(): Promise<string[]> {
        return ['mine', ...(await super.count())];
      }
    }
    expect([await new Special().own('7'), await new Special().count()]).to.deep.equal([
      ['7', 'special:7'],
      ['mine', 'all orders'],
    ]);
  });

  it('finds its registry at each call: in its options, in the object’s `locks`, or the configured one', async () => {
    const worlds = [new MemoryWorld(), new MemoryWorld()] as const;
    const inOptions = worlds[0].locks();
    class Jobs {
      constructor(readonly locks: unknown) {}

      @Locked('job', { registry: inOptions })
      async byOptions(): Promise<boolean[]> {
        return holders();
      }

      @Locked('job')
      async run(): Promise<boolean[]> {
        return holders();
      }
    }
    const holders = () => [...worlds, world].map(({ database }) => database.ownerOf('job') !== undefined);
    expect(await new Jobs(worlds[1].locks()).byOptions()).to.deep.equal([true, false, false]);
    expect(await new Jobs(worlds[1].locks()).run()).to.deep.equal([false, true, false]);
    expect(await new Jobs(undefined).run()).to.deep.equal([false, false, true]);
    configureLocks(undefined);
    await failureOf(new Jobs(undefined).run(), LockRegistryNotConfiguredError);
  });

  describe('refuses when the class is defined', () => {
    // What a program without types could write.
    const decorator = Locked('job') as unknown as (target: object, key: PropertyKey, descriptor?: PropertyDescriptor) => unknown;

    it('to be on a getter', () => {
      const descriptor = { get: () => 7, configurable: true };
      expect(() => decorator({}, 'count', descriptor)).to.throw(TypeError, '@Locked() belongs on a method; "count" is a getter.');
    });

    it('to be on a field', () => {
      expect(() => decorator({}, 'count')).to.throw(TypeError, '"count" is a field.');
      expect(() => decorator({}, Symbol('hidden'))).to.throw(TypeError, '"Symbol(hidden)" is a field.');
    });

    it('a name that is none', () => {
      const bad = Locked('') as unknown as typeof decorator;
      expect(() => bad({}, 'run', { value: async () => undefined })).to.throw(TypeError, 'must not be empty');
    });
  });
});
