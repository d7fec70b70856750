import { expect } from 'chai';
import type { LeaseLostError } from '../lib/core/errors.js';
import { LockRegistryClosedError } from '../lib/core/errors.js';
import { isLockRegistry } from '../lib/is-lock-registry.js';
import { LockRegistry } from '../lib/lock-registry.js';
import { noSource } from '../lib/testing/memory-dialect.js';
import { silent } from './support/memory-session.js';
import { MemoryWorld } from './support/memory-registry.js';
import { failureOf, watched } from './support/outcome.js';

describe('LockRegistry', () => {
  let world: MemoryWorld;

  beforeEach(() => (world = new MemoryWorld()));

  it('sends nothing, and sets no timer, before the first lock is asked for', async () => {
    const { session } = world.registry();
    await world.clock.advance('1h');
    expect([session.sent, world.clock.pending]).to.deep.equal([[], 0]);
  });

  it('gives its own options to calls that have none, and theirs to those that have', async () => {
    const locks = world.locks({ ttl: '10s', label: 'registry', holder: 'host 7' });
    await locks.acquire('a');
    await locks.acquire('b', { ttl: '1m', label: 'call' });
    expect(
      (await locks.list()).map(({ name, holder, label, expiresAt, acquiredAt }) => [name, holder, label, +expiresAt - +acquiredAt]),
    ).to.deep.equal([
      ['a', 'host 7', 'registry', 10_000],
      ['b', 'host 7', 'call', 60_000],
    ]);
  });

  it('is known by its brand, to other copies of the package too', () => {
    expect(isLockRegistry(world.locks())).to.equal(true);
    expect(isLockRegistry({ [Symbol.for('sequelize-distributed-lock.registry')]: true })).to.equal(true);
    for (const other of [{}, null, undefined, 'registry', LockRegistry]) expect(isLockRegistry(other)).to.equal(false);
  });

  describe('refuses', () => {
    const bad: readonly [option: string, value: unknown, kind: new () => Error][] = [
      ['tll', 30_000, TypeError],
      ['ttl', 'soon', TypeError],
      ['ttl', 100, RangeError],
      ['table', '', TypeError],
      ['table', 'x'.repeat(61), RangeError],
      ['create', 'yes', TypeError],
      ['polling', 100, TypeError],
      ['retry', {}, TypeError],
      ['waker', 'notifications', TypeError],
      ['dialect', 'postgres', TypeError],
      ['holder', 7, TypeError],
      ['connections', 5, TypeError],
      ['connections', { min: 1 }, TypeError],
      ['connections', { max: 0 }, RangeError],
      ['connections', { max: 1.5 }, RangeError],
      ['connections', 'own', TypeError],
      ['margin', '20s', RangeError],
      ['warnBefore', '25s', RangeError],
      ['fairness', -1, RangeError],
      ['claim', 10, RangeError],
      ['maxWaiting', -1, RangeError],
      ['closeOnExit', 1, TypeError],
      ['clock', 5, TypeError],
      ['random', 0.5, TypeError],
    ];
    for (const [option, value, kind] of bad) {
      it(`${option}: ${JSON.stringify(value)}, and names the option`, () => {
        expect(() => world.locks({ [option]: value })).to.throw(kind, option);
      });
    }

    it('a source that is neither Sequelize nor a pool', () => {
      for (const source of [{}, null, undefined, 'postgres://localhost/'])
        expect(() => new LockRegistry(source as never)).to.throw(TypeError, 'Sequelize');
    });

    it('the application’s pool where the source is no Sequelize', () => {
      expect(() => world.locks({ connections: 'shared' })).to.throw(TypeError, '"connections"');
    });

    it('to run what is no function', async () => {
      await failureOf(world.locks().run('invoices', 'body' as never), TypeError);
    });

    it('options of a call that are none', async () => {
      const locks = world.locks();
      for (const options of [{ ttl: 'soon' }, { tll: 1 }, null, 'fast']) {
        await failureOf(locks.acquire('invoices', options as never), TypeError);
        await failureOf(locks.tryAcquire('invoices', options as never), TypeError);
        await failureOf(
          locks.run('invoices', () => 'ran', options as never),
          TypeError,
        );
      }
    });

    it('options that the call does not take', async () => {
      const { locks, session } = world.registry();
      const misspelt = [
        locks.acquire('invoices', { onBusy: 'skip' } as object),
        locks.tryAcquire('invoices', { reentrant: true } as object),
        locks.run('invoices', () => 'ran', { registry: locks } as never),
        locks.forceRelease('invoices', { Now: true } as object),
        locks.forceRelease('invoices', { now: 'yes' } as object),
        locks.prune({ idle: '7d' } as object),
        locks.check({ timeOut: '1s' } as object),
      ];
      for (const call of misspelt) await failureOf(call, TypeError);
      expect(() => locks.close({ graceMs: 5 } as object)).to.throw(TypeError, '"graceMs"');
      expect(session.sent).to.deep.equal([]);
    });

    it('events that do not exist', () => {
      expect(() => world.locks().on('aquired' as never, () => undefined)).to.throw(TypeError, '"aquired"');
    });

    it('names that are none, of operators too', async () => {
      const { locks, session } = world.registry();
      for (const call of [locks.inspect(''), locks.forceRelease(''), locks.acquire(''), locks.tryAcquire([])])
        await failureOf(call, TypeError);
      expect(session.sent).to.deep.equal([]);
    });
  });

  describe('shows operators', () => {
    it('who holds a lock, by its name as it was given', async () => {
      const locks = world.locks({ holder: 'host 7' });
      const lease = await locks.acquire('réchnung', { label: 'nightly' });
      const waiting = world
        .locks()
        .acquire('réchnung', { wait: '2s' })
        .catch(() => undefined);
      await world.clock.advance(100);
      expect(await locks.inspect('réchnung')).to.deep.equal({
        name: 'réchnung',
        fencingToken: lease.fencingToken,
        holder: 'host 7',
        label: 'nightly',
        acquiredAt: lease.acquiredAt,
        expiresAt: new Date(lease.acquiredAt.getTime() + 30_000),
        releasedAt: undefined,
        revoked: false,
        waiters: 1,
      });
      await world.clock.until(waiting);
    });

    it('nothing of a lock that is free', async () => {
      expect(await world.locks().inspect('invoices')).to.equal(undefined);
    });

    it('since when a lock rests', async () => {
      const locks = world.locks();
      const lease = await locks.acquire('invoices', { minHold: '10s' });
      await world.clock.advance('3s');
      await lease.release();
      expect((await locks.inspect('invoices'))?.releasedAt).to.deep.equal(new Date(lease.acquiredAt.getTime() + 3_000));
    });

    it('every lock that is held', async () => {
      const locks = world.locks();
      await locks.acquire('a');
      await (await locks.acquire('b')).release();
      await locks.acquire('c');
      expect((await locks.list()).map(({ name }) => name)).to.deep.equal(['a', 'c']);
    });
  });

  describe('takes a lock away', () => {
    it('by revoking it: it is free when its lease ends, and not before', async () => {
      const locks = world.locks();
      const lease = await locks.acquire('invoices');
      expect(await locks.forceRelease('invoices')).to.equal(true);
      expect([lease.held, await world.locks().tryAcquire('invoices')]).to.deep.equal([true, undefined]);
      await world.clock.advance('10s');
      expect((lease.signal.reason as LeaseLostError).reason).to.equal('revoked');
      await world.clock.advance('20s');
      expect((await world.locks().tryAcquire('invoices'))?.held).to.equal(true);
    });

    it('at once where it is told so', async () => {
      const locks = world.locks();
      const lease = await locks.acquire('invoices');
      expect(await locks.forceRelease('invoices', { now: true })).to.equal(true);
      const next = await world.locks().tryAcquire('invoices');
      expect([next?.held, (next?.fencingToken ?? 0) > lease.fencingToken]).to.deep.equal([true, true]);
      await world.clock.advance('10s');
      expect((lease.signal.reason as LeaseLostError).reason).to.equal('taken');
    });

    it('and says where nobody held it', async () => {
      expect([await world.locks().forceRelease('invoices'), await world.locks().forceRelease('invoices', { now: true })]).to.deep.equal([
        false,
        false,
      ]);
    });
  });

  it('deletes what has been free for long enough', async () => {
    const locks = world.locks();
    await (await locks.acquire('invoices')).release();
    expect([await locks.prune(), await locks.prune({ idleFor: 0 })].at(-1)).to.equal(1);
  });

  it('tells its listeners, until they do not want to know any more', async () => {
    const heard: string[] = [];
    const listener = ({ lockName }: { lockName: string }) => heard.push(lockName);
    const locks = world.locks().on('acquired', listener);
    await locks.acquire('a');
    locks.off('acquired', listener);
    await locks.acquire('b');
    expect(heard).to.deep.equal(['a']);
  });

  describe('closes', () => {
    it('once, whoever asks, and then refuses everything', async () => {
      const locks = world.locks();
      const closing = locks.close();
      expect(locks.close({ grace: 0 })).to.equal(closing);
      await world.clock.until(closing);
      for (const call of [locks.acquire('a'), locks.inspect('a'), locks.list(), locks.forceRelease('a'), locks.prune()])
        await failureOf(call, LockRegistryClosedError);
    });

    it('and lets holders finish for 5 s', async () => {
      const locks = world.locks();
      const { signal } = await locks.acquire('invoices');
      const closed = watched(locks.close());
      await world.clock.advance(4_999);
      expect([signal.aborted, closed.status()]).to.deep.equal([false, 'pending']);
      await world.clock.advance(1);
      expect((signal.reason as LeaseLostError).reason).to.equal('closed');
      await world.clock.advance(10);
      expect([closed.status(), world.database.ownerOf('invoices'), world.clock.pending]).to.deep.equal(['fulfilled', undefined, 0]);
    });

    it('at most 200 ms after its grace, in a black hole too', async () => {
      const { locks, session } = world.registry();
      const lease = await locks.acquire('a');
      session.always('all', silent);
      const asked = failureOf(locks.acquire('b'), LockRegistryClosedError);
      await world.clock.advance(10);
      const closed = watched(locks.close({ grace: '2s' }));
      await asked;
      await world.clock.advance(2_200);
      expect([closed.status(), lease.held]).to.deep.equal(['fulfilled', false]);
    });

    it('at the end of its scope', async () => {
      let locks: LockRegistry;
      {
        await using scoped = world.locks();
        locks = scoped;
        await (await scoped.acquire('a')).release();
      }
      await failureOf(locks.acquire('a'), LockRegistryClosedError);
    });

    it('not with a grace that is none', () => {
      expect(() => world.locks().close({ grace: 'a while' })).to.throw(TypeError, '"grace"');
    });
  });

  it('says the SQL of its table without sending it', () => {
    const { locks, session } = world.registry();
    expect([locks.createTableSql(), session.sent]).to.deep.equal(['CREATE TABLE in memory;\n', []]);
  });

  it('finds no dialect for a source of which there is none', () => {
    const source = { getDialect: () => 'oracle' };
    expect(() => new LockRegistry(source as never)).to.throw(TypeError, '"oracle"');
    expect(() => new LockRegistry(noSource(), {})).not.to.throw();
  });
});
