import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { ContractWorld } from './support/contract-world.js';
import { eachDatabase } from './support/databases.js';

const CYCLES = 1_000;

eachDatabase('A thousand locks taken, waited for, given up and given back', (database) => {
  it('leave no connection, timer or listener behind', async function () {
    this.timeout(60_000);
    const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const before = listeners();
    const world = new ContractWorld(database());
    const locks = world.locks();
    const { signal } = new AbortController();

    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const name = `lock ${cycle % 10}`;
      const lease = await locks.acquire(name, { signal });
      const giveUp = new AbortController();
      const abandoned = locks.acquire(name, { signal: giveUp.signal }).catch(() => undefined);
      const next = cycle % 3 === 0 ? locks.acquire(name, { signal }) : undefined;
      giveUp.abort();
      await abandoned;
      await lease.release();
      await (await next)?.release();
    }

    expect(getEventListeners(signal, 'abort')).to.have.length(0);
    await world.close();
    await world.refuseLeftovers();
    expect(listeners()).to.deep.equal(before);
  });
});
