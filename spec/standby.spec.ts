import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import { LockRegistry, LockStoreError } from '../lib/index.js';
import { Pair } from './support/pg-pair.js';
import { connect } from './support/databases.js';
import { rejection, watched } from './support/outcome.js';

describe('Behind a synchronous standby', () => {
  let pair: Pair;

  before(async function () {
    this.timeout(60_000);
    pair = await Pair.start();
    await pair.synchronous();
  });
  after(() => pair.stop());

  it('a grant is not believed in whose wait for the standby was cancelled, although the server answers that all is well', async () => {
    const sequelize = connect(pair.primary.url());
    const locks = new LockRegistry(sequelize, { ttl: '2s', wait: '2s' });
    await (await locks.acquire('warm')).release();
    pair.replication.blackHole();
    try {
      const acquiring = rejection(locks.acquire('invoices'));
      let cancelled = 0;
      for (let looks = 0; looks < 60; looks++) {
        cancelled += await pair.cancelWaits();
        await setTimeout(20);
      }
      expect(cancelled).to.be.above(0);
      expect(await acquiring)
        .to.be.instanceOf(LockStoreError)
        .with.property('outcomeUnknown', true);
    } finally {
      pair.replication.heal();
    }
    // What it may have granted was given back.
    await (await locks.acquire('invoices', { wait: '5s' })).release();
    await locks.close();
    await sequelize.close();
  });

  it('a place in line and a release do not wait for the standby; a grant does', async function () {
    // A standby that lost its primary asks for it again after 5 s.
    this.timeout(20_000);
    const sequelize = connect(pair.primary.url());
    const [holding, waiting] = [new LockRegistry(sequelize, { ttl: '30s' }), new LockRegistry(sequelize, { ttl: '30s', wait: '20s' })];
    const lease = await holding.acquire('reports');
    // Opens its connections.
    await waiting.acquire('other reports');
    pair.replication.blackHole();
    const next = waiting.acquire('reports');
    const { status } = watched(next);
    try {
      while ((await holding.inspect('reports'))?.waiters !== 1) await setTimeout(10);
      expect(await lease.release()).to.equal(true);
      while ((await holding.inspect('reports'))?.waiters !== 0) await setTimeout(10);
      await setTimeout(300);
      expect(status()).to.equal('pending');
    } finally {
      pair.replication.heal();
    }
    await (await next).release();
    await holding.close();
    await waiting.close();
    await sequelize.close();
  });
});
