import 'reflect-metadata';
import { Inject, Injectable, type INestApplicationContext, Module, Scope } from '@nestjs/common';
import { ContextIdFactory, LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { expect } from 'chai';
import { LockRegistryNotConfiguredError } from '../../../lib/core/errors.js';
import { configureLocks } from '../../../lib/default-registry.js';
import { InjectLocks, LockModule } from '../../../lib/integrations/nestjs/index.js';
import type { LockRegistry } from '../../../lib/lock-registry.js';
import { Locked } from '../../../lib/locked.js';
import { FakeLocks } from '../../../lib/testing/fake-locks.js';
import { failureOf } from '../../support/outcome.js';
import { closeAll, startContext } from './apps.js';

/** A method under a lock of each way in which Nest makes objects. */
class Jobs {
  @Locked('job')
  async run(): Promise<string> {
    return Promise.resolve('ran');
  }

  @Locked('static job')
  static async runAll(): Promise<string> {
    return Promise.resolve('all ran');
  }
}

@Injectable()
class Service extends Jobs {}

@Injectable({ scope: Scope.REQUEST })
class RequestService extends Jobs {}

@Injectable({ scope: Scope.TRANSIENT })
class TransientService extends Jobs {}

/** Made for each request because of what it uses. */
@Injectable()
class BubblingService extends Jobs {
  constructor(@Inject(RequestService) readonly request: RequestService) {
    super();
  }
}

@Injectable()
class Host {
  constructor(@Inject(TransientService) readonly transient: TransientService) {}
}

@Injectable({ scope: Scope.REQUEST })
class RequestServiceWithLocks extends Jobs {
  @InjectLocks() readonly locks!: LockRegistry;
}

@Injectable()
class ReportService extends Jobs {
  @InjectLocks('reports') readonly locks!: LockRegistry;
}

const made = { provide: 'made', useFactory: () => new Jobs() };
const providers = [Service, RequestService, TransientService, BubblingService, Host, RequestServiceWithLocks, made];

describe('@Locked in a Nest application', () => {
  afterEach(closeAll);
  afterEach(() => configureLocks(undefined));

  const application = async (registry: FakeLocks): Promise<INestApplicationContext> =>
    startContext({ imports: [LockModule.forRoot({ registry })], providers });

  /** What the registry was asked for since the last time. */
  const asked = (locks: FakeLocks) => locks.calls.splice(0).flatMap(({ names }) => names);

  describe('uses the application’s registry', () => {
    let locks: FakeLocks;
    let app: INestApplicationContext;

    beforeEach(async () => {
      locks = new FakeLocks();
      app = await application(locks);
    });

    it('on a provider, whose class says nothing of locks', async () => {
      expect([await app.get(Service).run(), asked(locks)]).to.deep.equal(['ran', ['job']]);
    });

    it('on what a factory made', async () => {
      await app.get<Jobs>('made').run();
      expect(asked(locks)).to.deep.equal(['job']);
    });

    it('on a provider that is made for each request, by its own scope or by that of what it uses', async () => {
      const contextId = ContextIdFactory.create();
      for (const type of [RequestService, BubblingService]) await (await app.resolve<Jobs>(type, contextId)).run();
      expect(asked(locks)).to.deep.equal(['job', 'job']);
    });

    it('on a transient provider, resolved or injected', async () => {
      await (await app.resolve(TransientService)).run();
      await app.get(Host).transient.run();
      expect(asked(locks)).to.deep.equal(['job', 'job']);
    });

    it('on static methods of a provider’s class', async () => {
      expect([await Service.runAll(), asked(locks)]).to.deep.equal(['all ran', ['static job']]);
    });

    it('on providers of a module that is loaded later', async () => {
      class LateService extends Jobs {}
      @Module({ providers: [LateService] })
      class LateModule {}
      const late = await app.get(LazyModuleLoader).load(() => LateModule);
      await late.get(LateService).run();
      expect(asked(locks)).to.deep.equal(['job']);
    });

    it('in hooks of the application, the first and the last that a provider gets', async () => {
      const calls: string[][] = [];
      class Hooked extends Jobs {
        async onModuleInit(): Promise<void> {
          await this.run();
          calls.push(asked(own));
        }

        async beforeApplicationShutdown(): Promise<void> {
          await this.run();
          calls.push(asked(own));
        }
      }
      const own = new FakeLocks();
      await startContext({ imports: [LockModule.forRoot({ registry: own })], providers: [Hooked] });
      await closeAll();
      expect(calls).to.deep.equal([['job'], ['job']]);
    });

    it('but not on an object that somebody made by hand, or that is being made', async () => {
      class Eager extends Jobs {
        readonly running = this.run().catch((error: unknown) => error);
      }
      await failureOf(new Service().run(), LockRegistryNotConfiguredError);
      const eager = await startContext({ imports: [LockModule.forRoot({ registry: locks })], providers: [Eager] });
      expect(await eager.get(Eager).running).to.be.instanceOf(LockRegistryNotConfiguredError);
    });

    it('and not on what a factory makes for each request', async () => {
      const perRequest = { provide: 'per request', scope: Scope.REQUEST, useFactory: () => new Jobs() };
      const other = await startContext({ imports: [LockModule.forRoot({ registry: locks })], providers: [perRequest] });
      await failureOf((await other.resolve<Jobs>('per request')).run(), LockRegistryNotConfiguredError);
    });

    it('rather than the configured one, and not once it is shut down', async () => {
      const configured = new FakeLocks();
      configureLocks(configured);
      const service = app.get(Service);
      await service.run();
      expect([asked(locks), asked(configured)]).to.deep.equal([['job'], []]);
      await closeAll();
      await service.run();
      expect([asked(locks), asked(configured)]).to.deep.equal([[], ['job']]);
    });
  });

  it('uses a registry with a name where the object has that as its `locks`', async () => {
    const [locks, reports] = [new FakeLocks(), new FakeLocks()];
    const app = await startContext({
      imports: [LockModule.forRoot({ registry: locks }), LockModule.forRoot({ name: 'reports', registry: reports })],
      providers: [Service, ReportService],
    });
    await app.get(Service).run();
    await app.get(ReportService).run();
    expect([locks.calls.length, reports.calls.length]).to.deep.equal([1, 1]);
  });

  it('works in a testing module that was compiled and not initialised', async () => {
    const locks = new FakeLocks();
    const testing = await Test.createTestingModule({ imports: [LockModule.forRoot({ registry: locks })], providers: [Service] }).compile();
    await testing.get(Service).run();
    expect(asked(locks)).to.deep.equal(['job']);
    await testing.close();
  });

  describe('where two applications run in one process', () => {
    let worlds: { readonly locks: FakeLocks; readonly app: INestApplicationContext }[];

    beforeEach(async () => {
      worlds = [];
      for (const locks of [new FakeLocks(), new FakeLocks()]) worlds.push({ locks, app: await application(locks) });
    });

    it('uses the registry of the application that made the object', async () => {
      for (const { locks, app } of worlds) {
        await app.get(Service).run();
        await app.get<Jobs>('made').run();
        expect(worlds.map((world) => [world.locks === locks, asked(world.locks).length])).to.have.deep.members([
          [true, 2],
          [false, 0],
        ]);
      }
    });

    it('does so for an object of a request that has it injected as `locks`', async () => {
      for (const { locks, app } of worlds) {
        await (await app.resolve(RequestServiceWithLocks)).run();
        expect(worlds.map((world) => [world.locks === locks, asked(world.locks).length])).to.have.deep.members([
          [true, 1],
          [false, 0],
        ]);
      }
    });

    it('refuses to guess for an object of a request that has not, until one application is closed', async () => {
      const [one, two] = worlds;
      const service = await one?.app.resolve(RequestService);
      const error = await failureOf(service?.run() ?? Promise.resolve(), LockRegistryNotConfiguredError);
      expect(error.message).to.contain('class "RequestService"').and.contain('`locks`');
      await two?.app.close();
      await service?.run();
      expect(worlds.map(({ locks }) => asked(locks))).to.deep.equal([['job'], []]);
    });
  });
});
