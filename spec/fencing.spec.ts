import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { DataTypes, type ModelStatic, type Model, QueryTypes, type Sequelize, Transaction } from 'sequelize';
import { fencedUpdate, LeaseLostError, type Lease, LockRegistry, type RegistryOptions } from '../lib/index.js';
import { freshName } from './support/contract-world.js';
import { eachDatabase, onDatabase, type TestDatabase } from './support/databases.js';
import { failureOf, rejection, watched } from './support/outcome.js';

const TTL_MS = 30_000;

eachDatabase('A fenced transaction', (database) => {
  const registries: LockRegistry[] = [];
  let application: Sequelize;
  let locks: LockRegistry;
  let other: LockRegistry;
  let name: string;
  let lease: Lease;

  const registry = (options: RegistryOptions = {}) => {
    const made = new LockRegistry(application, { ttl: TTL_MS, ...options });
    registries.push(made);
    return made;
  };
  const write = (transaction: Transaction) => application.query(`INSERT INTO orders VALUES ('${name}')`, { transaction });
  const written = async () => (await application.query(`SELECT * FROM orders WHERE id = '${name}'`, { type: QueryTypes.SELECT })).length;
  const takeAway = async () => {
    await other.forceRelease(name, { now: true });
    return other.acquire(name);
  };

  before(async () => {
    application = database().newSequelize();
    await application.query('CREATE TABLE orders (id text)');
  });
  beforeEach(async () => {
    [locks, other] = [registry(), registry()];
    name = freshName();
    lease = await locks.acquire(name);
  });
  afterEach(() => Promise.all(registries.splice(0).map((made) => made.close({ grace: 0 }))));

  it('commits while its lease has the lock, and resolves with what its function returned', async () => {
    expect(await lease.transaction(async (transaction) => (await write(transaction), 'done'))).to.equal('done');
    expect([await written(), await lease.release()]).to.deep.equal([1, true]);
  });

  it('is rolled back when its function fails, whose error comes out unchanged', async () => {
    const mine = new Error('mine');
    expect(await rejection(lease.transaction(async (transaction) => (await write(transaction), Promise.reject(mine))))).to.equal(mine);
    expect([await written(), lease.held]).to.deep.equal([0, true]);
  });

  it('is rolled back when somebody else has the lock: nothing of a stale holder lands, and it is told', async () => {
    await takeAway();
    expect(lease.held).to.equal(true);
    const lost = await failureOf(lease.transaction(write), LeaseLostError);
    expect([lost.reason, lost.lockName, lost.fencingToken]).to.deep.equal(['taken', name, lease.fencingToken]);
    expect([await written(), lease.held, lease.signal.reason instanceof LeaseLostError]).to.deep.equal([0, false, true]);
  });

  it('is rolled back when the row is gone', async () => {
    await application.query('DELETE FROM distributed_lock');
    expect((await failureOf(lease.transaction(write), LeaseLostError)).reason).to.equal('deleted');
    expect(await written()).to.equal(0);
  });

  it('does not begin after the release', async () => {
    await lease.release();
    let began = false;
    const lost = await failureOf(
      lease.transaction(() => (began = true)),
      LeaseLostError,
    );
    expect([lost.reason, began]).to.deep.equal(['released', false]);
  });

  it('does not pass when the lease was released under it', async () => {
    const lost = await failureOf(
      lease.transaction(async (transaction) => {
        await write(transaction);
        void lease.release();
      }),
      LeaseLostError,
    );
    expect([lost.reason, await written()]).to.deep.equal(['released', 0]);
  });

  it('of several locks is rolled back when one of them is lost', async () => {
    const both = await locks.acquire([`${name} a`, `${name} b`]);
    expect(await both.transaction(() => 'ran')).to.equal('ran');
    await other.forceRelease(`${name} b`, { now: true });
    await other.acquire(`${name} b`);
    expect((await failureOf(both.transaction(write), LeaseLostError)).lockName).to.equal(`${name} b`);
    expect(await written()).to.equal(0);
  });

  it('is begun as the caller says', async () => {
    const options = { type: Transaction.TYPES.DEFERRED, isolationLevel: Transaction.ISOLATION_LEVELS.SERIALIZABLE };
    const seen = await lease.transaction(options, (transaction) => (transaction as unknown as { options: object }).options);
    expect(seen).to.include(options);
  });

  it('holds up the release until it has ended', async () => {
    const transaction = await application.transaction({ type: Transaction.TYPES.IMMEDIATE });
    await lease.fence(transaction);
    const releasing = lease.release();
    const { status } = watched(releasing);
    await setTimeout(100);
    expect([status(), lease.held]).to.deep.equal(['pending', false]);
    await transaction.commit();
    expect(await releasing).to.equal(true);
    expect(await other.tryAcquire(name)).not.to.equal(undefined);
  });

  it('holds up the hand-over inside the process until it has ended, by a rollback too', async () => {
    const transaction = await application.transaction({ type: Transaction.TYPES.IMMEDIATE });
    await lease.fence(transaction);
    const next = locks.acquire(name);
    const { status } = watched(next);
    void lease.release();
    await setTimeout(100);
    expect(status()).to.equal('pending');
    await transaction.rollback();
    expect((await next).fencingToken).to.be.above(lease.fencingToken);
  });

  it('that the caller manages is refused when somebody else has the lock', async () => {
    await takeAway();
    const transaction = await application.transaction({ type: Transaction.TYPES.IMMEDIATE });
    await write(transaction);
    await failureOf(lease.fence(transaction), LeaseLostError);
    await transaction.rollback();
    expect(await written()).to.equal(0);
  });

  it('must be one of the registry’s own Sequelize, which is found out before anything is done', async () => {
    const stranger = await database().newSequelize().transaction();
    let began = false;
    const begin = () => (began = true);
    const errors = [await rejection(lease.fence(stranger)), await rejection(lease.transaction({ transaction: stranger }, begin))];
    await stranger.rollback();
    expect([errors.every((error) => error instanceof TypeError), began]).to.deep.equal([true, false]);
  });

  it('needs a function', async () => {
    expect(await rejection(lease.transaction({}, undefined as never))).to.be.instanceOf(TypeError);
  });
});

for (const dialect of ['mariadb', 'mysql', 'postgres'] as const)
  onDatabase(dialect, `A fenced transaction on a server (${dialect})`, serverFences);

function serverFences(database: () => TestDatabase): void {
  let application: Sequelize;
  let locks: LockRegistry;
  let other: LockRegistry;
  let name: string;

  before(async () => {
    application = database().newSequelize();
    await application.query('CREATE TABLE orders (id text)');
  });
  beforeEach(() => {
    name = freshName();
    locks = new LockRegistry(application, { ttl: TTL_MS });
    other = new LockRegistry(application, { ttl: TTL_MS });
  });
  afterEach(() => Promise.all([locks.close({ grace: 0 }), other.close({ grace: 0 })]));

  const write = (transaction: Transaction) => application.query(`INSERT INTO orders VALUES ('${name}')`, { transaction });
  const written = async () => (await application.query(`SELECT * FROM orders WHERE id = '${name}'`, { type: QueryTypes.SELECT })).length;

  for (const [level, isolationLevel] of Object.entries(Transaction.ISOLATION_LEVELS)) {
    describe(`under ${level}`, () => {
      it('passes after a renewal, which goes on beside it', async () => {
        const lease = await locks.acquire(name);
        await lease.transaction({ isolationLevel }, async (transaction) => {
          await write(transaction);
          await lease.extend('1m');
        });
        expect([await written(), lease.remainingMs > TTL_MS]).to.deep.equal([1, true]);
      });

      it('is rolled back when the lock was taken after it began', async () => {
        const lease = await locks.acquire(name);
        const lost = await failureOf(
          lease.transaction({ isolationLevel }, async (transaction) => {
            await write(transaction);
            await other.forceRelease(name, { now: true });
            await other.acquire(name);
          }),
          LeaseLostError,
        );
        expect([lost.reason, await written()]).to.deep.equal(['taken', 0]);
      });
    });
  }

  it('passes when its lease’s time is over and nobody has taken the lock, whom it then answers busy', async () => {
    const lease = await locks.acquire(name, { ttl: 300, renew: false });
    const transaction = await application.transaction();
    await write(transaction);
    await setTimeout(400);
    await lease.fence(transaction);
    expect([lease.held, await other.tryAcquire(name)]).to.deep.equal([false, undefined]);
    await transaction.commit();
    expect([await written(), (await other.tryAcquire(name))?.held]).to.deep.equal([1, true]);
  });

  it('does not pass when somebody took the lock after its time was over', async () => {
    const lease = await locks.acquire(name, { ttl: 300, renew: false });
    const transaction = await application.transaction();
    await write(transaction);
    await other.acquire(name);
    await failureOf(lease.fence(transaction), LeaseLostError);
    await transaction.rollback();
    expect(await written()).to.equal(0);
  });
}

onDatabase('postgres', 'A fenced transaction on PostgreSQL', (database) => {
  let application: Sequelize;
  let locks: LockRegistry;
  let other: LockRegistry;
  let name: string;

  before(async () => {
    application = database().newSequelize();
    await application.query('CREATE TABLE orders (id text)');
  });
  beforeEach(() => {
    name = freshName();
    locks = new LockRegistry(application, { ttl: TTL_MS });
    other = new LockRegistry(application, { ttl: TTL_MS });
  });
  afterEach(() => Promise.all([locks.close({ grace: 0 }), other.close({ grace: 0 })]));

  const write = (transaction: Transaction) => application.query(`INSERT INTO orders VALUES ('${name}')`, { transaction });

  it('whose COMMIT was not answered keeps the lock from everybody until the lease ends by itself', async () => {
    const lease = await locks.acquire(name, { ttl: 1_000 });
    await rejection(
      lease.transaction(async (transaction) => {
        await write(transaction);
        const { connection } = transaction as unknown as { connection: { connection: { stream: { destroy(): void } }; query: unknown } };
        const query = (connection.query as (...args: unknown[]) => unknown).bind(connection);
        connection.query = (...args: unknown[]) => {
          if (String(args[0]).startsWith('COMMIT')) connection.connection.stream.destroy();
          return query(...args);
        };
      }),
    );
    expect(await lease.release()).to.equal(true);
    expect(await other.tryAcquire(name)).to.equal(undefined);
    expect((await other.acquire(name)).fencingToken).to.be.above(lease.fencingToken);
  });

  it('is not to be had from a registry without Sequelize', async () => {
    const pool = new pg.Pool({ connectionString: database().url });
    const pooled = new LockRegistry(pool);
    const lease = await pooled.acquire(name);
    expect(await rejection(lease.transaction(() => undefined))).to.be.instanceOf(TypeError);
    await pooled.close({ grace: 0 });
    await pool.end();
  });
});

eachDatabase('A fenced update', (database) => {
  let Account: ModelStatic<Model<{ id: number; balance: number; lockToken: number }>>;
  let locks: LockRegistry;
  let name: string;

  before(async () => {
    const application = database().newSequelize();
    const token = { type: DataTypes.BIGINT, allowNull: false, defaultValue: 0 };
    const id = { type: DataTypes.INTEGER, primaryKey: true };
    Account = application.define('Account', { id, balance: DataTypes.INTEGER, lockToken: token }, { timestamps: false });
    await Account.sync();
    locks = new LockRegistry(application);
  });
  beforeEach(async () => {
    name = freshName();
    await Account.destroy({ truncate: true });
    await Account.bulkCreate([1, 2].map((id) => ({ id, balance: 100, lockToken: 0 })));
  });
  after(() => locks.close({ grace: 0 }));

  const balances = async () => (await Account.findAll({ order: ['id'] })).map((account) => account.get('balance'));

  it('writes the rows, with the token of the lease', async () => {
    await using lease = await locks.acquire(name);
    expect(await fencedUpdate(Account, { balance: 7 }, { where: { id: 1 }, lease })).to.equal(1);
    expect(await balances()).to.deep.equal([7, 100]);
    expect(Number((await Account.findByPk(1))?.get('lockToken'))).to.equal(lease.fencingToken);
    expect(await fencedUpdate(Account, { balance: 8 }, { where: {}, lease })).to.equal(2);
  });

  it('writes nothing, and says so, where a later holder has written', async () => {
    const stale = await locks.acquire(name);
    await locks.forceRelease(name, { now: true });
    const other = new LockRegistry(Account.sequelize as Sequelize);
    await using later = await other.acquire(name);
    await fencedUpdate(Account, { balance: 1 }, { where: { id: 1 }, lease: later });
    await failureOf(fencedUpdate(Account, { balance: 2 }, { where: { id: 1 }, lease: stale }), LeaseLostError);
    expect(await balances()).to.deep.equal([1, 100]);
    await later.release();
    await other.close();
  });

  it('writes nothing without a lease that is held', async () => {
    const lease = await locks.acquire(name);
    await lease.release();
    await failureOf(fencedUpdate(Account, { balance: 7 }, { where: { id: 1 }, lease }), LeaseLostError);
    expect(await balances()).to.deep.equal([100, 100]);
  });

  it('needs an attribute for the token, and a lease', async () => {
    await using lease = await locks.acquire(name);
    const error = await rejection(fencedUpdate(Account, { balance: 7 }, { where: {}, lease, token: 'fence' }));
    expect(String(error)).to.contain('"fence"');
    expect(String(await rejection(fencedUpdate(Account, { balance: 7 }, { where: {} } as never)))).to.contain('"lease"');
    expect(await balances()).to.deep.equal([100, 100]);
  });
});
