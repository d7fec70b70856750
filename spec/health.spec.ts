import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { QueryTypes } from 'sequelize';
import { type Health, LockRegistry, LockRegistryClosedError, LockStoreError, LockTableError } from '../lib/index.js';
import { intercepted, ManualClock, MemoryLocks, notDone, recorded } from '../lib/testing/index.js';
import { FaultProxy } from './support/fault-proxy.js';
import { freshName } from './support/contract-world.js';
import { connect, eachDatabase, onDatabase } from './support/databases.js';
import { failureOf } from './support/outcome.js';

/** Longer than a check of half a second takes on a busy machine, and shorter than any other deadline there is. */
const IN_TIME_MS = 3_000;

function errorOf(health: Health): Error {
  if (health.ok) throw new Error('It should not be well.');
  return health.error;
}

eachDatabase('A check', (database) => {
  it('finds that all is well, before the first lock and while one is held, and takes none', async () => {
    const sequelize = database().newSequelize();
    const table = freshName();
    const locks = new LockRegistry(sequelize, { table });
    for (const health of [await locks.check({ timeout: '5s' }), await locks.check({ timeout: '5s' })]) {
      expect(health.ok).to.equal(true);
      expect(health.latencyMs).to.be.within(0, 5_000);
    }
    expect(await locks.list()).to.deep.equal([]);
    const lease = await locks.acquire('a');
    expect((await locks.check({ timeout: '5s' })).ok).to.equal(true);
    expect((await locks.list()).map(({ name }) => name)).to.deep.equal(['a']);
    expect(await lease.release()).to.equal(true);
    expect(await sequelize.query(`SELECT label FROM ${table}`, { type: QueryTypes.SELECT })).to.have.length(1);
    await locks.close();
  });

  it('finds a table that is missing and may not be made', async () => {
    const locks = new LockRegistry(database().newSequelize(), { table: freshName(), create: false });
    expect(errorOf(await locks.check({ timeout: '5s' }))).to.be.instanceOf(LockTableError);
    await locks.close();
  });
});

describe('A check', () => {
  it('sends one renewal of a lease that nobody has, and changes nothing', async () => {
    const memory = new MemoryLocks();
    const { dialect, steps } = recorded(memory.dialect);
    const locks = memory.registry({ dialect });
    await locks.check();
    steps.length = 0;
    await locks.check();
    expect(steps).to.deep.equal(['renew']);
    expect(await locks.prune({ idleFor: 0 })).to.equal(0);
  });

  it('is not well where renewals fail, whatever else is answered', async () => {
    const memory = new MemoryLocks();
    const dialect = intercepted(memory.dialect, (step, run) => (step === 'renew' ? Promise.reject(notDone()) : run()));
    const locks = memory.registry({ dialect });
    expect(await locks.tryAcquire('a')).not.to.equal(undefined);
    const error = errorOf(await locks.check({ timeout: 200 }));
    expect(error).to.be.instanceOf(LockStoreError).with.property('step', 'renew');
  });

  it('answers when its time is over, a second by default, where no statement is answered', async () => {
    const clock = new ManualClock();
    const memory = new MemoryLocks({ clock });
    const dialect = intercepted(memory.dialect, () => new Promise(() => undefined));
    const locks = memory.registry({ dialect });
    const health = await clock.until(locks.check());
    expect(health.latencyMs).to.equal(1_000);
    expect(errorOf(health)).to.be.instanceOf(LockStoreError).with.property('message').that.contains('no answer within 1000 ms');
  });

  it('is not well on a registry that is closed', async () => {
    const locks = new MemoryLocks().registry();
    await locks.close();
    expect(errorOf(await locks.check())).to.be.instanceOf(LockRegistryClosedError);
  });

  it('rejects for a wrong timeout alone', async () => {
    const locks = new MemoryLocks().registry();
    await failureOf(locks.check({ timeout: 'soon' }), TypeError);
    await failureOf(locks.check({ timeout: 0 }), RangeError);
    await failureOf(locks.check({ timeout: '2m' }), RangeError);
  });
});

describe('A check of a server that takes connections and never says a word', () => {
  it('answers in time', async () => {
    const taken: Socket[] = [];
    const server = createServer((socket) => taken.push(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sequelize = connect(`postgres://u:p@127.0.0.1:${(server.address() as AddressInfo).port}/d`);
    const locks = new LockRegistry(sequelize);
    const startedMs = performance.now();
    const health = await locks.check({ timeout: 500 });
    expect(performance.now() - startedMs).to.be.within(490, IN_TIME_MS);
    expect(errorOf(health)).to.be.instanceOf(LockStoreError);
    await locks.close({ grace: 0 });
    server.close();
    for (const socket of taken) socket.destroy();
    await sequelize.close();
  });
});

onDatabase('postgres', 'A check behind a network (postgres)', (database) => {
  it('answers in time while the network is silent, and is well again with it', async () => {
    const direct = new URL(database().url);
    const proxy = await FaultProxy.open(Number(direct.port));
    const through = new URL(direct);
    through.hostname = '127.0.0.1';
    through.port = String(proxy.port);
    const sequelize = connect(through.href);
    const locks = new LockRegistry(sequelize);
    expect((await locks.check({ timeout: '5s' })).ok).to.equal(true);

    proxy.blackHole();
    const startedMs = performance.now();
    const checks = await Promise.all([1, 2, 3, 4].map(() => locks.check({ timeout: 500 })));
    expect(performance.now() - startedMs).to.be.within(490, IN_TIME_MS);
    for (const health of checks) expect(errorOf(health)).to.be.instanceOf(LockStoreError);

    proxy.heal();
    expect((await locks.check({ timeout: '10s' })).ok).to.equal(true);
    await locks.close();
    await sequelize.close();
    await proxy.close();
  });

  it('is not well where it may read the table and not write it', async () => {
    const owner = database().newSequelize();
    const role = freshName();
    await new LockRegistry(owner).createTable();
    await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
    await owner.query(`GRANT SELECT ON distributed_lock TO ${role}`);
    const url = new URL(database().url);
    url.username = url.password = role;
    const sequelize = connect(url.href);
    const locks = new LockRegistry(sequelize);
    expect(await locks.list()).to.deep.equal([]);
    const error = errorOf(await locks.check({ timeout: '5s' }));
    expect((error.cause as { code?: string }).code).to.equal('42501'); // insufficient_privilege
    await locks.close();
    await sequelize.close();
    await owner.query(`DROP OWNED BY ${role}`);
    await owner.query(`DROP ROLE ${role}`);
  });

  it('is answered before the asks of a crowd, which are no ill health', async () => {
    const locks = new LockRegistry(database().newSequelize(), { table: freshName(), connections: { max: 1 } });
    await locks.check({ timeout: '5s' });
    const asks = Array.from({ length: 300 }, (_, at) => locks.tryAcquire(`ask-${at}`));
    let answered = 0;
    for (const ask of asks) void ask.then(() => answered++);
    expect((await locks.check({ timeout: '5s' })).ok).to.equal(true);
    expect(answered).to.be.below(300);
    await Promise.all(asks);
    await locks.close({ grace: 0 });
  });
});
