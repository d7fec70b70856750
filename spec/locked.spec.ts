import 'reflect-metadata';
import { expect } from 'chai';
import { LockBusyError, LockRegistryNotConfiguredError } from '../lib/core/errors.js';
import { configureLocks } from '../lib/default-registry.js';
import type { LockRegistry } from '../lib/lock-registry.js';
import { Locked } from '../lib/locked.js';
import { NO_LOCK } from '../lib/with-lock.js';
import { MemoryWorld } from './support/memory-registry.js';
import { failureOf, rejection } from './support/outcome.js';

type Method = (...args: never[]) => unknown;

/** What a framework's decorator does: it notes something about the method that it is given. */
const Noted =
  (key: string) =>
  (method: Method): void =>
    Reflect.defineMetadata(key, 'noted', method);

describe('@Locked, as TC39 decorator', () => {
  let world: MemoryWorld;

  beforeEach(() => {
    world = new MemoryWorld();
    configureLocks(world.locks());
  });
  afterEach(() => configureLocks(undefined));

  const held = () => [...world.database.rows.keys()].filter((name) => world.database.ownerOf(name) !== undefined);
  const holdElsewhere = (name: string) => world.locks({ holder: 'host 7' }).acquire(name);

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

    @Locked((from: string, to: string) => [from, to])
    async move(from: string, to: string, reason = 'none'): Promise<string[]> {
      return [from, to, reason, ...held()];
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

    @Locked('refused', { onBusy: 'fail' })
    async refuse(): Promise<number> {
      return 1;
    }

    @Locked((id: string) => `static:${id}`)
    static async all(id: string): Promise<unknown[]> {
      return [id, this === Orders, held()];
    }

    async unlocked(): Promise<string[]> {
      return held();
    }
  }

  describe('runs a method under the lock', () => {
    it('of a fixed name', async () => {
      expect([await new Orders().count(), held()]).to.deep.equal([['all orders'], []]);
    });

    it('of a name that the arguments tell, and passes arguments and `this` on', async () => {
      expect(await new Orders().ship('7', 3)).to.deep.equal(['7', 3, 'order', ['order:7']]);
      expect(await new Orders().ship('8')).to.deep.equal(['8', 1, 'order', ['order:8']]);
    });

    it('of a name that the object tells', async () => {
      expect(await new Orders().own('7')).to.deep.equal(['7', 'order:7']);
    });

    it('of several names', async () => {
      expect(await new Orders().move('b', 'a')).to.deep.equal(['b', 'a', 'none', 'a', 'b']);
    });

    it('that is static', async () => {
      expect(await Orders.all('7')).to.deep.equal(['7', true, ['static:7']]);
    });

    it('unless none is needed', async () => {
      expect([await new Orders().free(''), await new Orders().free('7')]).to.deep.equal([[''], ['7', '7']]);
    });

    it('and leaves other methods alone', async () => {
      expect(await new Orders().unlocked()).to.deep.equal([]);
    });
  });

  it('rejects with the method’s error, the very same', async () => {
    const mistake = new Error('mine');
    expect(await rejection(new Orders().fail(mistake))).to.equal(mistake);
  });

  it('resolves to undefined where a call is skipped', async () => {
    expect(await new Orders().skip()).to.equal(1);
    await holdElsewhere('skipped');
    expect(await new Orders().skip()).to.equal(undefined);
  });

  it('rejects where a busy lock is to be an error', async () => {
    await holdElsewhere('refused');
    expect((await failureOf(new Orders().refuse(), LockBusyError)).occupant.holder).to.equal('host 7');
  });

  describe('keeps', () => {
    it('name and length', () => {
      const { ship, count } = Orders.prototype as unknown as Record<string, Method>;
      expect([ship?.name, ship?.length, count?.name, count?.length, Orders.all.name, Orders.all.length]).to.deep.equal([
        'ship',
        1,
        'count',
        0,
        'all',
        1,
      ]);
    });

    it('its place: methods stay out of sight of loops', () => {
      expect(Object.keys(new Orders())).to.deep.equal(['prefix']);
      expect(Object.getOwnPropertyDescriptor(Orders.prototype, 'ship')).to.include({
        enumerable: false,
        configurable: true,
        writable: true,
      });
    });

    it('metadata of decorators below it, and lets those above it add theirs', () => {
      class Jobs {
        @Noted('above')
        @Locked('job')
        @Noted('below')
        async run(): Promise<void> {
          // only declared
        }
      }
      const { run } = Jobs.prototype as unknown as Record<string, object>;
      expect([Reflect.getMetadata('above', run ?? {}), Reflect.getMetadata('below', run ?? {})]).to.deep.equal(['noted', 'noted']);
    });

    it('properties that others put on the method, symbols included', () => {
      const symbol = Symbol('theirs');
      const mark = (method: Method): void => void Object.assign(method, { route: '/jobs', [symbol]: 'marked' });
      class Jobs {
        @Locked('job')
        @mark
        async run(): Promise<void> {
          // only declared
        }
      }
      const { run } = Jobs.prototype as unknown as Record<string, Record<PropertyKey, unknown>>;
      expect([run?.['route'], run?.[symbol]]).to.deep.equal(['/jobs', 'marked']);
    });
  });

  it('runs inside and outside of other decorators that wrap', async () => {
    const order: string[] = [];
    const Traced =
      (name: string) =>
      <This, A extends unknown[]>(method: (this: This, ...args: A) => Promise<void>) =>
        async function (this: This, ...args: A): Promise<void> {
          order.push(`${name} ${held().length}`);
          await method.apply(this, args);
        };
    class Jobs {
      @Traced('outside')
      @Locked('job')
      @Traced('inside')
      async run(): Promise<void> {
        order.push(`body ${held().length}`);
      }
    }
    await new Jobs().run();
    expect(order).to.deep.equal(['outside 0', 'inside 1', 'body 1']);
  });

  describe('is inherited', () => {
    class Special extends Orders {
      override readonly prefix = 'special';

      override async count(): Promise<string[]> {
        return ['mine', ...(await super.count())];
      }
    }

    it('with the method', async () => {
      expect(await new Special().own('7')).to.deep.equal(['7', 'special:7']);
    });

    it('and is overridden with it: super’s is still locked', async () => {
      expect(await new Special().count()).to.deep.equal(['mine', 'all orders']);
    });
  });

  describe('finds its registry at each call', () => {
    it('in its options first, then in the object’s `locks`, then the configured one', async () => {
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
      expect(await new Jobs({ acquire: 'another thing of that name' }).run()).to.deep.equal([false, false, true]);
    });

    it('in a class’s static `locks`', async () => {
      configureLocks(undefined);
      class Jobs {
        static readonly locks: LockRegistry = world.locks();
        readonly instances = true;

        @Locked('job')
        static async run(): Promise<string[]> {
          return held();
        }
      }
      expect(await Jobs.run()).to.deep.equal(['job']);
    });

    it('and says where it looked where there is none', async () => {
      configureLocks(undefined);
      const error = await failureOf(new Orders().count(), LockRegistryNotConfiguredError);
      for (const place of ['configureLocks(registry)', 'options.registry', '`locks`']) expect(error.message).to.contain(place);
    });

    it('not while classes are being declared: one may be configured later', async () => {
      configureLocks(undefined);
      class Jobs {
        @Locked('job')
        async run(): Promise<string[]> {
          return held();
        }
      }
      configureLocks(world.locks());
      expect(await new Jobs().run()).to.deep.equal(['job']);
    });
  });

  describe('refuses when the class is defined', () => {
    // What a program without types could write.
    const decorator = Locked('job') as unknown as (target: unknown, context: { kind: string; name: string }) => unknown;

    for (const kind of ['getter', 'setter', 'accessor', 'field', 'class']) {
      it(`to be on a ${kind}`, () => {
        expect(() => decorator(() => undefined, { kind, name: 'thing' })).to.throw(
          TypeError,
          `@Locked() belongs on a method; "thing" is a ${kind}.`,
        );
      });
    }

    it('a name that is none', () => {
      for (const name of ['', [], undefined]) {
        const bad = Locked(name as never) as unknown as typeof decorator;
        expect(() => bad(async () => undefined, { kind: 'method', name: 'run' })).to.throw(TypeError);
      }
    });
  });

  it('refuses a call whose key function tells no name', async () => {
    class Jobs {
      @Locked((id?: string) => id as string)
      async run(id?: string): Promise<string> {
        return `ran ${id}`;
      }
    }
    await failureOf(new Jobs().run(), TypeError);
  });
});
