import 'reflect-metadata';
import type { Locked, LockRegistry, NO_LOCK, WithLockOptions } from '../../lib/index.js';

// This file is run twice: as it is, under the decorators of the language, and through `spec/legacy-decorators`, where it is compiled with
// `experimentalDecorators`. Everything of the library comes in as an argument, so that both runs share one copy of it.

type Work = (this: unknown, ...args: unknown[]) => unknown;

/** `body` as a method under a lock. */
export function lockedMethod(locked: typeof Locked, name: string, options: WithLockOptions, body: Work): Work {
  class Service {
    @locked(name, { ...options, onBusy: 'skip' })
    skipped(...args: unknown[]): Promise<unknown> {
      return body.apply(this, args) as Promise<unknown>;
    }

    @locked(name, options)
    work(...args: unknown[]): Promise<unknown> {
      return body.apply(this, args) as Promise<unknown>;
    }
  }
  return Reflect.get(Service.prototype, options.onBusy === 'skip' ? 'skipped' : 'work');
}

/** What orders use of the library. */
interface Parts {
  readonly Locked: typeof Locked;
  readonly NO_LOCK: typeof NO_LOCK;
  /** Its locks' names begin with it. */
  readonly prefix: string;
  /** Told of each call that began. */
  readonly seen: (call: string) => void;
}

/** A class that uses the decorator in all the ways there are. */
export function ordersClass(parts: Parts) {
  const { Locked: locked, prefix, seen } = parts;

  class Orders {
    constructor(
      readonly id: string,
      readonly locks: LockRegistry | undefined,
    ) {}

    @locked((id: string) => `${prefix}:${id}`)
    async ship(id: string, to: string): Promise<string> {
      seen(`ship ${id}`);
      return `${id} to ${to}`;
    }

    @locked(function (this: Orders) {
      return `${prefix}:${this.id}`;
    })
    async close(): Promise<string> {
      return `${this.id} closed`;
    }

    @locked((id: string, urgent: boolean) => (urgent ? parts.NO_LOCK : `${prefix}:${id}`))
    async pack(id: string, urgent: boolean): Promise<string> {
      return urgent ? `${id} at once` : id;
    }

    @locked((ids: readonly string[]) => ids.map((id) => `${prefix}:${id}`))
    async merge(ids: readonly string[]): Promise<number> {
      return ids.length;
    }

    @tagged('above')
    @locked(prefix)
    @tagged('below')
    async tagged(): Promise<string> {
      return 'tagged';
    }

    async count(): Promise<string> {
      return 'not locked';
    }
  }

  class RushOrders extends Orders {
    override async ship(id: string, to: string): Promise<string> {
      seen('override');
      return `rush ${await super.ship(id, to)}`;
    }
  }

  // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- what it is here for
  class Nightly {
    static locks: LockRegistry | undefined;

    @locked(prefix)
    static async run(day: number): Promise<string> {
      seen('nightly');
      return `day ${day}`;
    }
  }

  return { Orders, RushOrders, Nightly };
}

/** Puts Reflect metadata on a method, as frameworks do, under both kinds of decorators. */
const tagged =
  (key: string) =>
  (target: object, _key: unknown, descriptor?: PropertyDescriptor): void =>
    Reflect.defineMetadata(key, true, descriptor ? (descriptor.value as object) : target);

/** Classes that use the decorator where it does not belong, each made when it is called. */
export const misuses: Readonly<Record<string, (locked: typeof Locked) => unknown>> = {
  getter(locked) {
    class Misused {
      // @ts-expect-error -- it belongs on a method
      @locked('x')
      get total(): number {
        return 1;
      }
    }
    return Misused;
  },

  field(locked) {
    class Misused {
      // @ts-expect-error -- it belongs on a method
      @locked('x')
      total = 1;
    }
    return Misused;
  },
};
