import { expect } from 'chai';
import mysql2 from 'mysql2/promise';
import { setTimeout } from 'node:timers/promises';
import { type DatabaseError, type Sequelize, Transaction } from 'sequelize';
import sinon from 'sinon';
import { type Lease, LockRegistry, type RegistryOptions } from '../../lib/index.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { MyWire } from '../support/wires.js';
import { connect } from '../support/databases.js';
import { GaleraCluster } from '../support/galera-cluster.js';
import type { GaleraNode } from '../support/galera-node.js';
import { rejection } from '../support/outcome.js';
import { unavailable } from '../support/requirements.js';
import { freshName } from './lock-table.js';

const TTL = '20s';
const AT_WORK = `SELECT id FROM information_schema.processlist WHERE command <> 'Sleep' AND info LIKE '%distributed_lock%' AND id <> CONNECTION_ID()`;

describe('On a Galera cluster', function () {
  this.timeout(60_000);
  let cluster: GaleraCluster | undefined;
  let [one, other]: GaleraNode[] = [];

  before(async function () {
    const missing = GaleraCluster.missing();
    if (missing !== undefined) unavailable(this, 'galera', missing);
    cluster = await GaleraCluster.start(2);
    [one, other] = cluster.nodes;
    await nodes().one.query('CREATE DATABASE locks');
    await nodes().one.query('CREATE TABLE locks.obstacle (id INT AUTO_INCREMENT PRIMARY KEY) ENGINE = InnoDB');
    await nodes().one.query('CREATE TABLE locks.written (name VARCHAR(40) PRIMARY KEY) ENGINE = InnoDB');
    await nodes().other.caughtUp();
  });
  after(() => cluster?.remove());

  const nodes = () => {
    if (!one || !other) throw new Error('There are two of them after the hook.');
    return { one, other };
  };

  describe('the doctor', () => {
    const examined = async (options?: RegistryOptions) => {
      const sequelize = connect(nodes().one.server.url('locks'));
      const locks = new LockRegistry(sequelize, options);
      await locks.createTable();
      const findings = await locks.doctor();
      await locks.close();
      await sequelize.close();
      return findings.map(({ code, level }) => `${code} ${level}`);
    };
    const usual = ['LOG_NOT_FLUSHED advice', 'CLUSTER advice'];

    it('says what a cluster means for fences and clocks, and that it would take a crash of all nodes to forget grants', async () => {
      expect(await examined()).to.have.members(usual);
    });

    it('names statements that do not wait for what other nodes committed, where they share connections with the application', async () => {
      expect(await examined({ connections: 'shared' })).to.include.members([...usual, 'CLUSTER_BEHIND advice']);
    });

    it('names a cluster whose parts would go on without a majority', async () => {
      await nodes().one.query(`SET GLOBAL wsrep_provider_options = 'pc.ignore_sb = true'`);
      const found = await examined();
      await nodes().one.query(`SET GLOBAL wsrep_provider_options = 'pc.ignore_sb = false'`);
      expect(found).to.have.members([...usual, 'CLUSTER_MAY_SPLIT risk']);
    });
  });

  for (const driver of ['mariadb', 'mysql']) {
    describe(`through ${driver}`, () => {
      let name: string;
      let way: FaultProxy;
      const open: (() => Promise<void>)[] = [];

      beforeEach(async () => {
        name = freshName();
        way = await FaultProxy.open(nodes().one.server.port, () => new MyWire());
      });
      afterEach(async () => {
        for (const close of open.splice(0).reverse()) await close();
        await way.close();
      });

      const sequelizeAt = (port: number): Sequelize => {
        const sequelize = connect(`${driver}://root@127.0.0.1:${port}/locks`);
        open.push(() => sequelize.close());
        return sequelize;
      };

      /** With connections that are open already, so that nothing takes longer than it must. */
      const registryAt = async (port: number, sequelize = sequelizeAt(port)): Promise<LockRegistry> => {
        const locks = new LockRegistry(sequelize, { ttl: TTL });
        open.push(() => locks.close());
        await (await locks.acquire(freshName())).release();
        return locks;
      };

      /** From now on one node has not what is committed at the other one, until what comes back is called. */
      const fallBehind = async (node = nodes().other, ahead = nodes().one): Promise<() => Promise<void>> => {
        const client = await mysql2.createConnection(node.server.url('locks', 'mysql'));
        open.push(() => client.end());
        await client.query('LOCK TABLES obstacle READ');
        // Nodes commit in one order, so what comes after this waits with it.
        await ahead.query('INSERT INTO locks.obstacle () VALUES ()');
        return async () => {
          await client.query('UNLOCK TABLES');
        };
      };

      /** Waits until the other node is at work on a statement for this, or is done with it. */
      const underWay = async <T>(work: Promise<T>): Promise<void> => {
        const done = new AbortController();
        const settled = () => done.abort();
        work.then(settled, settled);
        while (!done.signal.aborted && (await nodes().other.query(AT_WORK)).length === 0) await setTimeout(10);
      };

      /** As whoever asks the other node is told that does not insist on what is newest. */
      const ownerAtOther = async (): Promise<unknown> => {
        const [row] = await nodes().other.query(`SELECT owner FROM distributed_lock WHERE name = '${name}'`, 'locks');
        return row?.['owner'] ?? undefined;
      };

      it('a lease is renewed and given back at a node that has not heard of it yet', async () => {
        const locks = await registryAt(way.port);
        const catchUp = await fallBehind();
        const lease = await locks.acquire(name);
        way.redirect(nodes().other.server.port);
        const extended = lease.extend(TTL);
        await underWay(extended);
        expect(await ownerAtOther()).to.equal(undefined);
        await catchUp();
        await extended;
        expect(lease.held).to.equal(true);
        expect(await lease.release()).to.equal(true);
      });

      it('a lock that was given back at one node is free at once at another one that has not heard of it yet', async () => {
        const [locks, others] = [await registryAt(way.port), await registryAt(nodes().other.server.port)];
        const lease = await locks.acquire(name);
        await nodes().other.caughtUp();
        const catchUp = await fallBehind();
        await lease.release();
        const asked = others.tryAcquire(name);
        await underWay(asked);
        expect(await ownerAtOther()).not.to.equal(undefined);
        await catchUp();
        const next = await asked;
        expect(next?.fencingToken).to.be.above(lease.fencingToken);
        await next?.release();
      });

      describe('a transaction that was fenced at one node, while another one grants the lock, which is over', () => {
        let next: Lease | undefined;
        let transaction: Transaction;

        /** Fences it with a lease that ends, and has the other node grant the lock. */
        const fenceAndTake = async (meanwhile: () => Promise<void>): Promise<void> => {
          const sequelize = sequelizeAt(way.port);
          const [locks, others] = [await registryAt(way.port, sequelize), await registryAt(nodes().other.server.port)];
          const lease = await locks.acquire(name, { ttl: '400ms', renew: false });
          transaction = await sequelize.transaction({ isolationLevel: Transaction.ISOLATION_LEVELS.READ_COMMITTED });
          await sequelize.query('INSERT INTO written (name) VALUES (:name)', { replacements: { name }, transaction });
          await lease.fence(transaction);
          await meanwhile();
          while (!(next = await others.tryAcquire(name))) await setTimeout(50);
        };
        const written = async () => {
          await nodes().other.caughtUp();
          return (await nodes().other.query(`SELECT name FROM written WHERE name = '${name}'`, 'locks')).length;
        };
        const sentByFirst = async () => Number((await nodes().one.query(`SHOW STATUS LIKE 'wsrep_replicated'`))[0]?.['Value']);

        afterEach(() => next?.release());

        it('is rolled back where its node has heard of that', async () => {
          await fenceAndTake(() => Promise.resolve());
          await nodes().one.caughtUp();
          sinon.stub(console, 'warn'); // Sequelize tells it of every COMMIT that fails
          const error = await rejection(transaction.commit());
          expect((error as DatabaseError).original).to.include({ errno: 1213 });
          expect(await written()).to.equal(0);
        });

        // What a fence cannot do here, and why the documents say: one node for all that is fenced.
        it('lands where its node has not', async () => {
          let catchUp = () => Promise.resolve();
          await fenceAndTake(async () => void (catchUp = await fallBehind(nodes().one, nodes().other)));
          const before = await sentByFirst();
          const committed = transaction.commit();
          while ((await sentByFirst()) === before) await setTimeout(10);
          await catchUp();
          await committed;
          expect(await written()).to.equal(1);
        });
      });
    });
  }
});
