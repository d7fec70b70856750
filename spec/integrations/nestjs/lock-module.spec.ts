import 'reflect-metadata';
import { type DynamicModule, Inject, Module } from '@nestjs/common';
import { getConnectionToken } from '@nestjs/sequelize';
import { expect } from 'chai';
import { Sequelize as PlainSequelize } from 'sequelize';
import { Sequelize } from 'sequelize-typescript';
import { LockRegistryClosedError } from '../../../lib/core/errors.js';
import { getLocksToken, InjectLocks, LockModule, type LockModuleOptions } from '../../../lib/integrations/nestjs/index.js';
import { LockRegistry } from '../../../lib/lock-registry.js';
import { createDatabase, onDatabase } from '../../support/databases.js';
import { failureOf, rejection, watched } from '../../support/outcome.js';
import { closeAll, sequelizeOn, startContext } from './apps.js';

onDatabase('sqlite', 'LockModule', (database) => {
  afterEach(closeAll);

  const tablesIn = async (sequelize: PlainSequelize) => sequelize.getQueryInterface().showAllTables();

  describe('provides a registry', () => {
    it('on the Sequelize of @nestjs/sequelize', async () => {
      const app = await startContext({ imports: [sequelizeOn(database()), LockModule.forRoot({ table: 'by_default' })] });
      await app.get(LockRegistry).run('job', () => undefined);
      expect(await tablesIn(app.get(Sequelize))).to.include('by_default');
    });

    it('whatever the order of the imports, and however long the connection takes', async () => {
      const slow = { provide: 'settings', useFactory: async () => new Promise((resolve) => setImmediate(resolve, 'slow')) };
      @Module({ providers: [slow], exports: [slow] })
      class Settings {}
      const connecting = sequelizeOn(database(), { autoLoadModels: true, synchronize: false });
      const app = await startContext({ imports: [LockModule.forRoot(), Settings, connecting] });
      expect(await app.get(LockRegistry).run('job', () => 'ran')).to.equal('ran');
    });

    it('on a connection with a name', async () => {
      const reports = await createDatabase('sqlite');
      try {
        const app = await startContext({
          imports: [
            sequelizeOn(database()),
            sequelizeOn(reports, { name: 'reports' }),
            LockModule.forRoot({ connection: 'reports', table: 'by_name' }),
          ],
        });
        await app.get(LockRegistry).run('job', () => undefined);
        expect(await tablesIn(app.get(getConnectionToken('reports')))).to.include('by_name');
        expect(await tablesIn(app.get(Sequelize))).not.to.include('by_name');
        await closeAll();
      } finally {
        await reports.drop();
      }
    });

    it('on a Sequelize of the application’s own, provided under its class', async () => {
      const sequelize = database().newSequelize();
      @Module({ providers: [{ provide: PlainSequelize, useValue: sequelize }], exports: [PlainSequelize] })
      class DatabaseModule {}
      const app = await startContext({ imports: [LockModule.forRootAsync({ imports: [DatabaseModule], useFactory: () => ({}) })] });
      expect(await app.get(LockRegistry).run('job', () => 'ran')).to.equal('ran');
    });

    it('with options and a source that a factory makes of other providers', async () => {
      @Module({
        providers: [
          { provide: 'SEQUELIZE', useValue: database().newSequelize() },
          { provide: 'settings', useFactory: async () => Promise.resolve({ table: 'from_settings' }) },
        ],
        exports: ['SEQUELIZE', 'settings'],
      })
      class DatabaseModule {}
      const app = await startContext({
        imports: [
          LockModule.forRootAsync({
            imports: [DatabaseModule],
            inject: ['SEQUELIZE', 'settings'],
            useFactory: (source: PlainSequelize, { table }: { table: string }) => ({ source, table }),
          }),
        ],
      });
      await app.get(LockRegistry).run('job', () => undefined);
      expect(await tablesIn(app.get('SEQUELIZE'))).to.include('from_settings');
    });

    it('that is there already, and leaves it open', async () => {
      const registry = new LockRegistry(database().newSequelize());
      const app = await startContext({ imports: [LockModule.forRoot({ registry })] });
      expect(app.get(LockRegistry)).to.equal(registry);
      await closeAll();
      expect(await registry.run('job', () => 'ran')).to.equal('ran');
      await registry.close();
    });

    it('to constructors and properties, by its class or by @InjectLocks', async () => {
      class Orders {
        @InjectLocks() readonly locks!: LockRegistry;
        @InjectLocks('reports') readonly others!: LockRegistry;

        constructor(
          @Inject(LockRegistry) readonly byClass: LockRegistry,
          @InjectLocks('reports') readonly byName: LockRegistry,
        ) {}
      }
      const app = await startContext({
        imports: [sequelizeOn(database()), LockModule.forRoot(), LockModule.forRoot({ name: 'reports', table: 'reports' })],
        providers: [Orders],
      });
      const orders = app.get(Orders);
      expect(orders.locks).to.be.instanceOf(LockRegistry).and.equal(orders.byClass).and.equal(app.get(LockRegistry));
      expect(orders.others)
        .to.be.instanceOf(LockRegistry)
        .and.equal(orders.byName)
        .and.equal(app.get(getLocksToken('reports')));
      expect(orders.others).not.to.equal(orders.locks);
    });

    it('to every module, unless isGlobal is false', async () => {
      class Orders {
        constructor(@Inject(LockRegistry) readonly locks: LockRegistry) {}
      }
      @Module({ providers: [Orders] })
      class OrdersModule {}
      const imports = (isGlobal?: boolean) => [
        OrdersModule,
        sequelizeOn(database()),
        LockModule.forRoot(isGlobal === undefined ? {} : { isGlobal }),
      ];
      expect((await startContext({ imports: imports() })).get(Orders).locks).to.be.instanceOf(LockRegistry);
      expect(String(await rejection(startContext({ imports: imports(false) })))).to.match(/can't resolve dependencies of the Orders/);
    });
  });

  describe('does not let an application start', () => {
    const refusal = async (options: LockModuleOptions, imports = [sequelizeOn(database())]) =>
      (await failureOf(startContext({ imports: [...imports, LockModule.forRoot(options)] }), TypeError)).message;

    it('without a Sequelize, and says what to import or to pass', async () => {
      const message = await refusal({}, []);
      for (const remedy of ['SequelizeModule.forRoot()', '`source`', '`registry`']) expect(message).to.contain(remedy);
    });

    it('without the connection that was named', async () => {
      expect(await refusal({ connection: 'reports' })).to.contain('"reports"');
    });

    it('with two classes that could be meant', async () => {
      @Module({ providers: [{ provide: PlainSequelize, useValue: database().newSequelize() }], exports: [PlainSequelize] })
      class DatabaseModule {}
      expect(await refusal({}, [sequelizeOn(database()), { module: DatabaseModule }])).to.contain('Several classes');
    });

    it('with options that contradict each other', async () => {
      const source = database().newSequelize();
      const registry = new LockRegistry(source);
      expect(await refusal({ registry, ttl: '5s' })).to.contain('"ttl" has no effect');
      expect(await refusal({ source, connection: 'reports' })).to.contain('not both');
      await registry.close();
    });

    it('with an option that there is not, or a value of the wrong kind', async () => {
      expect(await refusal({ tll: '5s' } as LockModuleOptions)).to.contain('There is no option "tll"');
      expect(await refusal({ registry: {} as never })).to.contain('must be a LockRegistry');
      const nothing = LockModule.forRootAsync({ useFactory: () => undefined as never });
      expect((await failureOf(startContext({ imports: [nothing] }), TypeError)).message).to.contain('useFactory returned undefined');
    });
  });

  describe('at shutdown', () => {
    it('waits for who holds a lock, gives it back, and closes the registry', async () => {
      const app = await startContext({ imports: [sequelizeOn(database()), LockModule.forRoot()] });
      const locks = app.get(LockRegistry);
      const { working, finish } = await workUnder(locks, 'job');
      const closing = watched(app.close());
      await new Promise(setImmediate);
      expect(closing.status()).to.equal('pending');
      finish();
      expect(await working).to.equal('finished');
      await closeAll();
      await failureOf(locks.acquire('job'), LockRegistryClosedError);
      const other = new LockRegistry(database().newSequelize());
      expect(await other.list()).to.deep.equal([]);
      await other.close();
    });

    for (const [title, order] of [
      ['before', (locks: DynamicModule, sequelize: DynamicModule) => [locks, sequelize]],
      ['after', (locks: DynamicModule, sequelize: DynamicModule) => [sequelize, locks]],
    ] as const) {
      it(`does so before @nestjs/sequelize closes its connection, imported ${title} that`, async () => {
        const app = await startContext({ imports: order(LockModule.forRoot(), sequelizeOn(database())) });
        const [locks, sequelize] = [app.get(LockRegistry), app.get(Sequelize)];
        const { working, finish } = await workUnder(locks, 'job');
        const events: string[] = [];
        const closers = { locks: locks.close.bind(locks), sequelize: sequelize.close.bind(sequelize) };
        locks.close = async () => {
          finish();
          await closers.locks();
          events.push('locks closed');
        };
        sequelize.close = async () => {
          events.push('Sequelize closes');
          await closers.sequelize();
        };
        await Promise.all([closeAll(), working]);
        expect(events).to.deep.equal(['locks closed', 'Sequelize closes']);
      });
    }
  });
});

/** A body that has begun and waits until it is told to finish. */
async function workUnder(locks: LockRegistry, name: string) {
  let finish = (): void => undefined;
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const gate = new Promise<void>((resolve) => (finish = resolve));
  const working = locks.run(name, async () => {
    begin();
    await gate;
    return 'finished';
  });
  await begun;
  return { working, finish };
}
