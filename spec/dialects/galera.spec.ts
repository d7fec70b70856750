import { expect } from 'chai';
import { LockRegistry } from '../../lib/index.js';
import { FaultProxy } from '../faults/support/fault-proxy.js';
import { MyWire } from '../faults/support/wires.js';
import { connect } from '../support/databases.js';
import { GaleraCluster } from '../support/galera-cluster.js';
import type { GaleraNode } from '../support/galera-node.js';
import { unavailable } from '../support/requirements.js';
import { freshName } from './lock-table.js';

/** So many rows in one transaction are committed in a moment where they were written, and occupy every other node for a while. */
const MANY = 200_000;
const TTL = '20s';

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
    await nodes().one.query('CREATE TABLE locks.many (id INT PRIMARY KEY) ENGINE = InnoDB');
    await nodes().other.caughtUp();
  });
  after(() => cluster?.remove());

  const nodes = () => {
    if (!one || !other) throw new Error('There are two of them after the hook.');
    return { one, other };
  };

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

      /** With connections that are open already, so that nothing takes longer than it must. */
      const registryAt = async (port: number): Promise<LockRegistry> => {
        const sequelize = connect(`${driver}://root@127.0.0.1:${port}/locks`);
        const locks = new LockRegistry(sequelize, { ttl: TTL });
        open.push(async () => (await locks.close(), sequelize.close()));
        await (await locks.acquire(freshName())).release();
        return locks;
      };

      /** From now on, for a while, the other node has not what is committed at the first one. */
      const fallBehind = async (): Promise<void> => {
        await nodes().one.query('DELETE FROM locks.many');
        await nodes().other.caughtUp();
        await nodes().one.query(`INSERT INTO locks.many SELECT seq FROM seq_1_to_${MANY}`);
      };

      /** As whoever asks the other node is told that does not insist on what is newest. */
      const ownerAtOther = async (): Promise<unknown> => {
        const [row] = await nodes().other.query(`SELECT owner FROM distributed_lock WHERE name = '${name}'`, 'locks');
        return row?.['owner'] ?? undefined;
      };

      it('a lease is renewed and given back at a node that has not heard of it yet', async () => {
        const locks = await registryAt(way.port);
        await fallBehind();
        const lease = await locks.acquire(name);
        way.redirect(nodes().other.server.port);
        expect(await ownerAtOther()).to.equal(undefined);
        await lease.extend(TTL);
        expect(lease.held).to.equal(true);
        expect(await lease.release()).to.equal(true);
      });

      it('a lock that was given back at one node is free at once at another one that has not heard of it yet', async () => {
        const [locks, others] = [await registryAt(way.port), await registryAt(nodes().other.server.port)];
        const lease = await locks.acquire(name);
        await nodes().other.caughtUp();
        await fallBehind();
        await lease.release();
        expect(await ownerAtOther()).not.to.equal(undefined);
        const next = await others.tryAcquire(name);
        expect(next?.fencingToken).to.be.above(lease.fencingToken);
        await next?.release();
      });
    });
  }
});
