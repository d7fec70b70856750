import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import { QueryTypes, Transaction, type Sequelize } from 'sequelize';
import { LockRegistry, LockStoreError, withLock } from '../lib/index.js';
import { useCls } from './support/cls.js';
import { freshName } from './support/contract-world.js';
import { eachDatabase, onDatabase } from './support/databases.js';

const { READ_COMMITTED, REPEATABLE_READ } = Transaction.ISOLATION_LEVELS;

/** Locks beside the application's own transactions. */
eachDatabase('A lock taken within a transaction of the application', (database) => {
  let application: Sequelize;
  let locks: LockRegistry;
  let others: LockRegistry;
  let name: string;
  let turnOff: () => void;

  before(async () => {
    application = database().newSequelize({ pool: { max: 2 } });
    // Readers beside writers, as the documents advise: a reader of the default mode holds up every commit.
    if (database().dialect === 'sqlite') await application.query('PRAGMA journal_mode = WAL');
    await application.query('CREATE TABLE orders (id integer)');
    [locks, others] = [new LockRegistry(application), new LockRegistry(database().newSequelize())];
    turnOff = useCls();
  });
  beforeEach(() => (name = freshName()));
  after(async () => {
    turnOff();
    await Promise.all([locks.close({ grace: 0 }), others.close({ grace: 0 })]);
  });

  const orders = (): Promise<{ id: number }[]> =>
    application.query('SELECT id FROM orders', { type: QueryTypes.SELECT, transaction: null });
  const rollback = new Error('rollback');
  const rolledBack = (body: () => Promise<void>): Promise<unknown> =>
    application
      .transaction(async () => {
        await body();
        throw rollback;
      })
      .catch((error: unknown) => expect(error).to.equal(rollback));

  it('is seen by others at once', async () => {
    await application.transaction(async () => {
      await orders();
      const lease = await locks.acquire(name);
      expect(await others.tryAcquire(name)).to.equal(undefined);
      await lease.release();
      expect(await (await others.tryAcquire(name))?.release()).to.equal(true);
    });
  });

  it('is kept when the transaction is rolled back, and so are its renewal and its release', async () => {
    const released = await locks.acquire(freshName());
    let lease = await locks.acquire(freshName());
    await rolledBack(async () => {
      lease = await locks.acquire(name, { ttl: 1_000, renew: false });
      await lease.extend('1m');
      await released.release();
    });
    await setTimeout(1_050);
    expect(await others.tryAcquire(name)).to.equal(undefined);
    expect(await (await others.tryAcquire(released.name))?.release()).to.equal(true);
    expect(await lease.release()).to.equal(true);
  });

  it('lasts a whole ttl from the moment at which it was taken, however long the transaction has been open', async () => {
    await application.transaction(async (transaction) => {
      await application.query('SELECT 1', { transaction, type: QueryTypes.SELECT });
      await setTimeout(300);
      const before = Date.now();
      await locks.acquire(name, { ttl: '1m' });
      const seen = await others.inspect(name);
      expect(seen?.acquiredAt.getTime())
        .to.be.at.least(before - 5)
        .and.below(before + 2_000); // the server of the specs is on this machine
      expect(seen && seen.expiresAt.getTime() - seen.acquiredAt.getTime()).to.equal(60_000);
    });
  });

  it('neither commits nor rolls back what the transaction did', async () => {
    await rolledBack(async () => {
      const lease = await locks.acquire(name);
      await application.query('INSERT INTO orders VALUES (1)');
      expect(lease.held).to.equal(true);
    });
    expect(await orders()).to.deep.equal([]);
    await application.transaction(async () => {
      await locks.acquire(freshName());
      await application.query('INSERT INTO orders VALUES (2)');
    });
    expect(await orders()).to.deep.equal([{ id: 2 }]);
    await application.query('DELETE FROM orders');
  });

  it('is shown as it is, whatever the transaction has seen before', async () => {
    const isolationLevel = database().dialect === 'sqlite' ? undefined : REPEATABLE_READ;
    await application.transaction({ ...(isolationLevel ? { isolationLevel } : {}) }, async () => {
      await application.query('SELECT * FROM orders', { type: QueryTypes.SELECT });
      expect(await locks.inspect(name)).to.equal(undefined);
      const lease = await others.acquire(name);
      expect((await locks.inspect(name))?.fencingToken).to.equal(lease.fencingToken);
      await lease.release();
      expect(await locks.inspect(name)).to.equal(undefined);
    });
  });

  it('is free only after the function under it has committed: the next one sees what the last one wrote', async function () {
    this.timeout(20_000); // for a machine that is busy with other things
    await application.query('INSERT INTO orders VALUES (0)');
    const increment = (registry: LockRegistry): (() => Promise<unknown>) =>
      withLock(
        name,
        () =>
          // SQLite refuses to let a transaction write that has read before somebody else wrote, lock statements included: it begins by writing.
          application.transaction({ isolationLevel: READ_COMMITTED, type: Transaction.TYPES.IMMEDIATE }, async (transaction) => {
            const [row] = await application.query<{ id: number }>('SELECT id FROM orders', { type: QueryTypes.SELECT, transaction });
            await setTimeout(1);
            await application.query('UPDATE orders SET id = :id', { replacements: { id: (row?.id ?? NaN) + 1 }, transaction });
          }),
        { registry },
      );
    await Promise.all(Array.from({ length: 20 }, (_, at) => increment(at % 2 === 0 ? locks : others)()));
    expect(await orders()).to.deep.equal([{ id: 20 }]);
    await application.query('DELETE FROM orders');
  });
});

onDatabase('postgres', 'Lock statements on PostgreSQL', (database) => {
  const settings = [
    'statement_timeout',
    'lock_timeout',
    'plan_cache_mode',
    'default_transaction_isolation',
    'default_transaction_read_only',
    'synchronous_commit',
  ];

  const sessionOf = async (application: Sequelize): Promise<unknown> => {
    const shown = settings.map((setting) => `current_setting('${setting}') AS ${setting}`).join();
    return application.query(`SELECT ${shown}, (SELECT count(*)::int FROM pg_prepared_statements) AS prepared`, {
      type: QueryTypes.SELECT,
    });
  };

  for (const connections of [{ max: 2 }, 'shared'] as const) {
    it(`leave the application's sessions as they were, with connections of ${connections === 'shared' ? 'its pool' : 'their own'}`, async () => {
      const application = database().newSequelize({ pool: { max: 1 } });
      const before = await sessionOf(application);
      const locks = new LockRegistry(application, { connections, ttl: 900 });
      const lease = await locks.acquire(freshName());
      await setTimeout(500); // over a renewal
      await lease.release();
      await locks.tryAcquire(freshName());
      await locks.close({ grace: 0 });
      expect(await sessionOf(application)).to.deep.equal(before);
    });
  }

  it('run although the transactions of the application are read only or serializable by default', async () => {
    for (const options of ['-c default_transaction_isolation=serializable', '-c default_transaction_read_only=on']) {
      const application = database().newSequelize({ dialectOptions: { options } });
      const locks = new LockRegistry(application);
      expect(await (await locks.acquire(freshName())).release()).to.equal(true);
      await locks.close({ grace: 0 });
    }
  });
});

// MariaDB's driver keeps what it prepared, whoever asked for it.
for (const [dialect, alsoKept] of [
  ['mariadb', []],
  ['mysql', [`SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'`]],
] as const) {
  onDatabase(dialect, `Lock statements on MariaDB through ${dialect}`, (database) => {
    const settings = 'SELECT @@sql_mode, @@time_zone, @@autocommit, @@tx_isolation, @@innodb_lock_wait_timeout, @@lock_wait_timeout';
    const sessionOf = async (application: Sequelize): Promise<unknown> => {
      const seen: unknown[] = [];
      for (const sql of [settings, ...alsoKept]) seen.push(await application.query(sql, { type: QueryTypes.SELECT }));
      return seen;
    };

    for (const connections of [{ max: 2 }, 'shared'] as const) {
      it(`leave the application's sessions as they were, with connections of ${connections === 'shared' ? 'its pool' : 'their own'}`, async () => {
        const application = database().newSequelize({ pool: { max: 1 } });
        const before = await sessionOf(application);
        const locks = new LockRegistry(application, { connections, ttl: 900 });
        const lease = await locks.acquire(freshName());
        await setTimeout(500); // over a renewal
        await lease.release();
        await locks.tryAcquire(freshName());
        await locks.close({ grace: 0 });
        expect(await sessionOf(application)).to.deep.equal(before);
      });
    }
  });
}

onDatabase('sqlite', 'Lock statements on SQLite', (database) => {
  it('are committed when they are answered, although the one before found the file busy and gave up', async () => {
    const application = database().newSequelize({ pool: { max: 1 } });
    const [locks, others] = [new LockRegistry(application), new LockRegistry(database().newSequelize())];
    const [asked, released] = [freshName(), freshName()];
    const lease = await locks.acquire(released);
    await locks.tryAcquire(freshName());
    const writing = await application.transaction({ type: Transaction.TYPES.IMMEDIATE });
    const failure: unknown = await locks.tryAcquire(asked, { ttl: 400 }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(LockStoreError);
    await writing.commit();
    expect(await lease.release()).to.equal(true);
    expect(await (await others.tryAcquire(released))?.release()).to.equal(true);
    expect(await (await others.tryAcquire(asked))?.release()).to.equal(true);
    await Promise.all([locks.close({ grace: 0 }), others.close({ grace: 0 })]);
  });
});
