import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import { configureLocks, Locked, LockRegistry, NO_LOCK } from '../../lib/index.js';
import { freshName } from '../support/contract-world.js';
import { onDatabase } from '../support/databases.js';
import { decorators } from './call-styles.js';

// One source under both kinds of decorators, on a real database; the rest is in spec/locked.spec.ts and spec/legacy-decorators.
for (const [kind, { misuses, ordersClass }] of Object.entries(decorators)) {
  onDatabase('sqlite', `A class with locked methods, under ${kind}`, (database) => {
    let locks: LockRegistry;
    let others: LockRegistry;
    let prefix: string;
    let seen: string[];
    let classes: ReturnType<typeof ordersClass>;

    before(() => {
      const sequelize = database().newSequelize();
      [locks, others] = [new LockRegistry(sequelize, { polling: () => 10 }), new LockRegistry(sequelize)];
    });
    beforeEach(() => {
      [prefix, seen] = [freshName(), []];
      classes = ordersClass({ Locked, NO_LOCK, prefix, seen: (call) => seen.push(call) });
    });
    afterEach(() => configureLocks(undefined));
    after(() => Promise.all([locks.close(), others.close()]));

    const somebodyWaitsFor = async (name: string): Promise<boolean> => {
      while ((await others.inspect(name))?.waiters === 0) await setTimeout(5);
      return true;
    };

    /** Whether `call` is held up by somebody else who holds the lock. */
    const waitsFor = async (name: string, call: () => Promise<unknown>): Promise<boolean> => {
      const lease = await others.acquire(name);
      const calling = call();
      const waits = await Promise.race([calling.then(() => false), somebodyWaitsFor(name)]);
      await lease.release();
      await calling;
      return waits;
    };

    it('locks by the arguments of the call', async () => {
      const orders = new classes.Orders('1', locks);
      expect(await waitsFor(`${prefix}:7`, () => orders.ship('7', 'Rome'))).to.equal(true);
      expect(await waitsFor(`${prefix}:7`, () => orders.ship('8', 'Rome'))).to.equal(false);
      expect(await orders.ship('9', 'Rome')).to.equal('9 to Rome');
    });

    it('locks by the object', async () => {
      expect(await waitsFor(`${prefix}:7`, () => new classes.Orders('7', locks).close())).to.equal(true);
      expect(await waitsFor(`${prefix}:7`, () => new classes.Orders('8', locks).close())).to.equal(false);
    });

    it('takes several locks where it is told several names', async () => {
      const orders = new classes.Orders('1', locks);
      for (const id of ['a', 'b']) expect(await waitsFor(`${prefix}:${id}`, () => orders.merge(['b', 'a']))).to.equal(true);
    });

    it('takes none where the name is NO_LOCK', async () => {
      expect(await new classes.Orders('1', undefined).pack('7', true)).to.equal('7 at once');
      expect(await waitsFor(`${prefix}:7`, () => new classes.Orders('1', locks).pack('7', false))).to.equal(true);
    });

    it('locks a static method with the registry of its class', async () => {
      const nightly = Object.assign(classes.Nightly, { locks });
      expect(await waitsFor(prefix, () => nightly.run(7))).to.equal(true);
      expect(await nightly.run(8)).to.equal('day 8');
    });

    it('takes the configured registry where the object has none', async () => {
      configureLocks(locks);
      expect(await waitsFor(`${prefix}:7`, () => new classes.Orders('1', undefined).ship('7', 'Rome'))).to.equal(true);
    });

    it('does not lock an override, but what that calls', async () => {
      const orders = new classes.RushOrders('1', locks);
      const lease = await others.acquire(`${prefix}:7`);
      const shipping = orders.ship('7', 'Rome');
      await somebodyWaitsFor(`${prefix}:7`);
      expect(seen).to.deep.equal(['override']);
      await lease.release();
      expect(await shipping).to.equal('rush 7 to Rome');
    });

    it('leaves other methods alone', async () => {
      expect(await new classes.Orders('1', undefined).count()).to.equal('not locked');
    });

    it('keeps name, length and Reflect metadata, and stacks with other decorators in either order', () => {
      const ship = Reflect.get(classes.Orders.prototype, 'ship') as () => unknown;
      expect({ name: ship.name, length: ship.length }).to.deep.equal({ name: 'ship', length: 2 });
      expect(Reflect.getMetadataKeys(Reflect.get(classes.Orders.prototype, 'tagged'))).to.have.members(['above', 'below']);
    });

    for (const [member, define] of Object.entries(misuses)) {
      it(`refuses a ${member}`, () => {
        expect(() => define(Locked)).to.throw(TypeError, member);
      });
    }
  });
}
