import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import { openConnections } from './support/connections.js';
import { ContractWorld, freshName } from './support/contract-world.js';
import { LockRegistry } from '../lib/index.js';
import { connect, eachDatabase, onDatabase } from './support/databases.js';
import { FaultProxy } from './support/fault-proxy.js';

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

for (const dialect of ['mariadb', 'mysql', 'postgres'] as const) {
  onDatabase(dialect, `A registry whose connections take longer to open than a statement may (${dialect})`, (database) => {
    let proxy: FaultProxy;
    let locks: LockRegistry;

    beforeEach(async () => {
      const url = new URL(database().url);
      proxy = await FaultProxy.open(Number(url.port));
      url.port = String(proxy.port);
      const application = connect(url.href);
      // As a token for the password has to be fetched, say.
      application.addHook('beforeConnect', () => setTimeout(400));
      locks = new LockRegistry(application, { ttl: 400, wait: 3_000 });
    });
    afterEach(async () => {
      await locks.close({ grace: 0 });
      await proxy.close();
    });

    it('has its lock all the same after it has lost all of them', async () => {
      await (await locks.acquire(freshName())).release();
      proxy.reset();
      const lease = await locks.acquire(freshName());
      await setTimeout(800);
      expect([lease.held, await lease.release()]).to.deep.equal([true, true]);
    });
  });
}
