import 'reflect-metadata';
import { Inject, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { expect } from 'chai';
import { LockModule } from '../../../lib/integrations/nestjs/index.js';
import { LockRegistry } from '../../../lib/lock-registry.js';
import { Locked } from '../../../lib/locked.js';
import { FakeLocks } from '../../../lib/testing/fake-locks.js';

@Injectable()
class Reports {
  constructor(@Inject(LockRegistry) private readonly registry: LockRegistry) {}

  @Locked('nightly', { onBusy: 'skip' })
  async nightly(): Promise<string | undefined> {
    return Promise.resolve('written');
  }

  async now(): Promise<number> {
    return this.registry.run('report', ({ fencingToken }) => fencingToken);
  }
}

/** As an application declares it: without the override it would ask for a Sequelize, and there is none. */
@Module({ imports: [LockModule.forRoot()], providers: [Reports] })
class ReportsModule {}

describe('FakeLocks in a Nest testing module', () => {
  it('take the place of the registry, for @Locked as well as for who has it injected', async () => {
    const locks = new FakeLocks();
    const testing = await Test.createTestingModule({ imports: [ReportsModule] })
      .overrideProvider(LockRegistry)
      .useValue(locks)
      .compile();
    const reports = testing.get(Reports);
    expect([await reports.nightly(), await reports.now()]).to.deep.equal(['written', 2]);
    expect(locks.calls.map(({ method, names }) => [method, ...names])).to.deep.equal([
      ['run', 'nightly'],
      ['run', 'report'],
    ]);
    locks.busy.add('nightly');
    expect(await reports.nightly()).to.equal(undefined);
    await testing.close();
  });
});
