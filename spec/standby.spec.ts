import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import { LockRegistry, LockStoreError } from '../lib/index.js';
import { Pair } from './support/pg-pair.js';
import { connect } from './support/databases.js';
import { rejection } from './support/outcome.js';

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
});
