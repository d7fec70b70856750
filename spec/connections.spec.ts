import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import { openConnections } from './support/connections.js';
import { ContractWorld, freshName } from './support/contract-world.js';
import { eachDatabase } from './support/databases.js';

eachDatabase('The connections of a registry', (database) => {
  let world: ContractWorld;

  beforeEach(() => (world = new ContractWorld(database())));
  afterEach(() => world.close());

  const open = (): Promise<number> => openConnections(database(), world.id);

  it('are none before the first lock', async () => {
    world.locks();
    expect(await open()).to.equal(0);
  });

  for (const max of [1, 2]) {
    it(`are ${max} at most, however much is asked at once, and none after it is closed`, async function () {
      this.timeout(20_000); // for a machine that is busy with other things
      const locks = world.locks({ connections: { max } });
      for (let round = 0; round < 30; round++) {
        await Promise.all([1, 2, 3].map(() => locks.run(freshName(), () => undefined)));
        expect(await open())
          .to.be.at.most(max)
          .and.above(0);
      }
      await locks.close();
      for (const deadline = Date.now() + 2_000; (await open()) > 0 && Date.now() < deadline;) await setTimeout(10);
      expect(await open()).to.equal(0);
    });
  }

  it('are one more while somebody waits, at most', async () => {
    const name = freshName();
    const holder = world.locks({ connections: { max: 1 } });
    const lease = await holder.acquire(name);
    const others = await open();
    const locks = world.locks({ connections: { max: 1 } });
    const waiting = [1, 2, 3].map(() => locks.run(name, () => undefined));
    await setTimeout(200);
    expect((await open()) - others)
      .to.be.at.most(2)
      .and.above(0);
    await lease.release();
    await Promise.all(waiting);
  });
});
