import { expect } from 'chai';
import { EventEmitter, once } from 'node:events';
import { QueryTypes, type Sequelize } from 'sequelize';
import { MigrationError, type Umzug } from 'umzug';
import { currentLease, LeaseLostError, LockDeadlockError, LockRegistry, LockTimeoutError } from '../../lib/index.js';
import { UmzugLock, type UmzugLockOptions } from '../../lib/integrations/umzug.js';
import { Child } from '../support/child.js';
import { Compiled } from '../support/compiled.js';
import { onDatabase } from '../support/databases.js';
import { MemoryWorld } from '../support/memory-registry.js';
import { failureOf } from '../support/outcome.js';
import { MIGRATIONS, migrationsOf } from './migrations.js';
import type { Migrated, Way } from './migrator.js';

for (const dialect of ['postgres', 'sqlite'] as const) {
  onDatabase(dialect, `Migrations under an UmzugLock (${dialect})`, (database) => {
    let compiled: Compiled;
    let sequelize: Sequelize;
    let locks: LockRegistry;
    let others: LockRegistry;

    before(() => {
      compiled = new Compiled();
      sequelize = database().newSequelize();
    });
    after(() => compiled.remove());
    beforeEach(async () => {
      await sequelize.getQueryInterface().dropAllTables();
      // Who waits looks often, where there is nothing that would wake it.
      [locks, others] = [new LockRegistry(sequelize, { polling: () => 20 }), new LockRegistry(database().newSequelize())];
    });
    afterEach(() => Promise.all([locks.close({ grace: 0 }), others.close({ grace: 0 })]));

    const instances = async (count: number): Promise<Child[]> => {
      const program = compiled.program(new URL('migrator.ts', import.meta.url));
      const started = Array.from({ length: count }, () => Child.start(program, [database().url]));
      await Promise.all(started.map((child) => child.next()));
      return started;
    };
    const migrate = (child: Child, way: Way): Promise<Migrated> => {
      child.send(way);
      return child.next<Migrated>();
    };
    /** What ran, as it was written down by the migrations themselves. */
    const steps = async (): Promise<string[]> => {
      const rows = await sequelize.query<{ name: string }>('SELECT name FROM steps ORDER BY name', { type: QueryTypes.SELECT });
      return rows.map(({ name }) => name);
    };
    /** An instance in this process. */
    const locked = (
      during: (name: string) => Promise<unknown> = async () => undefined,
      options: UmzugLockOptions = {},
    ): Umzug<Sequelize> => {
      const umzug = migrationsOf(sequelize, during);
      new UmzugLock(locks, options).attachTo(umzug);
      return umzug;
    };

    describe('of five processes that start at once on an empty database', () => {
      it('run once each, by one of the processes, and all of them go on', async function () {
        this.timeout(60_000);
        this.slow(20_000);
        const told = await Promise.all((await instances(5)).map((child) => migrate(child, { locked: true })));
        expect(told.map(({ error }) => error).filter(Boolean)).to.deep.equal([]);
        expect(told.flatMap(({ applied }) => applied)).to.deep.equal(MIGRATIONS);
        expect(await steps()).to.deep.equal(MIGRATIONS);
      });

      it('fail or run several times without the lock: the control', async function () {
        this.timeout(60_000);
        this.slow(20_000);
        const told = await Promise.all((await instances(5)).map((child) => migrate(child, { locked: false })));
        const failed = told.filter(({ error }) => error !== undefined);
        expect(failed.length > 0 || (await steps()).length > MIGRATIONS.length).to.equal(true);
      });
    });

    it('go on in another process after one was killed in the middle, when its lease is over and not before', async function () {
      this.timeout(60_000);
      this.slow(20_000);
      const [first] = await instances(1);
      if (!first) throw new Error('no instance');
      expect(await migrate(first, { locked: true, stuck: true })).to.equal('stuck');
      let startedAt = NaN;
      const umzug = locked(async () => (startedAt = currentLease()?.acquiredAt.getTime() ?? NaN), { wait: '30s' });
      const migrating = umzug.up();
      const lease = await others.inspect('migrations');
      first.kill('SIGKILL');
      expect((await migrating).map(({ name }) => name)).to.deep.equal(MIGRATIONS);
      expect(startedAt).to.be.at.least(lease?.expiresAt.getTime() ?? NaN);
    });

    it('give the lock back as soon as one fails, and reject with umzug’s error unchanged', async function () {
      this.timeout(20_000); // below the ttl: a lock that is not given back is not to be had in time
      const failing = locked(() => Promise.reject(new Error('on purpose')));
      const error = await failureOf(failing.up(), MigrationError);
      expect((error.cause as Error).message).to.equal('on purpose');
      expect(await locked().up()).to.have.length(MIGRATIONS.length);
    });

    it('are reverted under the lock too', async () => {
      const umzug = locked();
      await umzug.up();
      const lease = await others.acquire('migrations');
      const seen = await failureOf(locked(undefined, { wait: 0 }).down(), LockTimeoutError);
      expect(seen.lockName).to.equal('migrations');
      await lease.release();
      await umzug.down({ to: 0 });
      expect(await steps()).to.deep.equal([]);
    });

    it('do not begin while another lock of that name is held, and reject when the wait is over', async () => {
      // A registry's first answer takes 20 to 110 ms: until then nobody knows that the lock is held.
      const umzug = locked(undefined, { name: 'schema', wait: 500 });
      await others.acquire('schema');
      await failureOf(umzug.up(), LockTimeoutError);
      expect(await umzug.executed()).to.deep.equal([]);
    });

    it('can be listed without the lock', async () => {
      const umzug = locked(undefined, { wait: 0 });
      await others.acquire('migrations');
      expect(await umzug.pending()).to.have.length(MIGRATIONS.length);
      expect(await umzug.executed()).to.deep.equal([]);
    });

    it('see the lease as currentLease(), and have it renewed while they run', async function () {
      this.timeout(20_000);
      this.slow(5_000);
      const tokens = new Set<number | undefined>();
      const umzug = locked(
        async () => {
          tokens.add(currentLease()?.fencingToken);
          await new Promise<void>((renewed) => locks.on('renewed', () => renewed()));
        },
        { ttl: 600 },
      );
      await umzug.up();
      expect(tokens).to.have.property('size', 1);
      expect([...tokens][0]).to.be.a('number');
    });

    it('are locked too where umzug’s command line starts them', async () => {
      const names: (string | undefined)[] = [];
      expect(await locked(async () => void names.push(currentLease()?.name)).runAsCLI(['up'])).to.equal(true);
      expect(names).to.deep.equal(MIGRATIONS.map(() => 'migrations'));
    });

    describe('whose lease is lost', () => {
      /** Takes the lock away in the middle of a migration, which ends when it was told. */
      const robbed = (at: string) =>
        locked(
          async (name) => {
            const signal = currentLease()?.signal;
            if (name !== at || !signal) return;
            await others.forceRelease('migrations', { now: true });
            await others.acquire('migrations');
            if (!signal.aborted) await once(signal, 'abort');
          },
          { ttl: 600 },
        );

      it('stop before the next one', async () => {
        const error = await failureOf(robbed('01-steps').up(), LeaseLostError);
        expect(error.lockName).to.equal('migrations');
        expect(await steps()).to.deep.equal(['01-steps']);
      });

      it('reject even where it was the last one', async () => {
        const error = await failureOf(robbed('03-orders').up(), LeaseLostError);
        expect(error.result).to.have.length(MIGRATIONS.length);
      });

      it('stop before the next one is reverted', async () => {
        const umzug = migrationsOf(sequelize);
        await umzug.up();
        new UmzugLock(locks, { ttl: 600 }).attachTo(umzug);
        umzug.on('reverted', async () => {
          const signal = currentLease()?.signal;
          await others.forceRelease('migrations', { now: true });
          await others.acquire('migrations');
          if (signal && !signal.aborted) await once(signal, 'abort');
        });
        await failureOf(umzug.down({ to: 0 }), LeaseLostError);
        expect(await steps()).to.deep.equal(['01-steps', '02-customers']);
      });
    });

    it('that start a command of their own fail at once instead of waiting for themselves', async () => {
      const umzug = locked(() => umzug.up());
      const error = await failureOf(umzug.up(), MigrationError);
      expect(error.cause).to.be.instanceOf(LockDeadlockError);
    });

    it('that never begin, because a listener of the application’s throws, leave no lock behind', async () => {
      const umzug = locked();
      umzug.on('beforeCommand', () => Promise.reject(new Error('on purpose')));
      expect((await failureOf(umzug.up(), Error)).message).to.equal('on purpose');
      expect((await others.tryAcquire('migrations'))?.held).to.equal(true);
    });

    it('wait even where the registry’s default is to skip', async () => {
      await locks.close();
      locks = new LockRegistry(sequelize, { onBusy: 'skip', wait: 50 });
      const umzug = locked();
      await others.acquire('migrations');
      await failureOf(umzug.up(), LockTimeoutError);
    });
  });
}

describe('An UmzugLock', () => {
  it('is for umzug 3 only', () => {
    const lock = new UmzugLock(new MemoryWorld().locks());
    expect(() => lock.attachTo(new EventEmitter() as never)).to.throw(TypeError, 'umzug 3');
  });
});
