import { expect } from 'chai';
import type { Sequelize } from 'sequelize';
import { LockRegistry, LockStoreError } from '../lib/index.js';
import { freshName } from './support/contract-world.js';
import { connect, onDatabase } from './support/databases.js';
import { failureOf } from './support/outcome.js';

const table = 'ops.distributed_lock';

onDatabase('postgres', 'A user who may SELECT, INSERT and UPDATE (postgres)', (database) => {
  /** Runs `run` as a user with these rights on a table of its own. */
  async function asUser(run: (user: Sequelize, owner: Sequelize, role: string) => Promise<void>): Promise<void> {
    const role = freshName();
    const owner = database().newSequelize();
    await new LockRegistry(owner, { table }).createTable();
    await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
    await owner.query(`GRANT USAGE ON SCHEMA ops TO ${role}`);
    await owner.query(`GRANT SELECT, INSERT, UPDATE ON ${table} TO ${role}`);
    const url = new URL(database().url);
    url.username = url.password = role;
    const user = connect(url.href);
    try {
      await run(user, owner, role);
    } finally {
      await user.close();
      await owner.query(`DROP OWNED BY ${role}`);
      await owner.query(`DROP ROLE ${role}`);
    }
  }

  it('takes, waits for, renews, fences, hands on and gives back locks, and sees and frees those of others', () =>
    asUser(async (user) => {
      const [one, other] = [new LockRegistry(user, { table }), new LockRegistry(user, { table })];
      const lease = await one.acquire('a', { ttl: '10s' });
      const waiting = other.acquire('a');
      await lease.extend('20s');
      await lease.transaction(() => undefined);
      expect((await other.list()).map(({ name }) => name)).to.deep.equal(['a']);
      await lease.release();
      await (await waiting).release();
      await one.acquire('a');
      expect(await other.forceRelease('a', { now: true })).to.equal(true);
      expect((await one.check({ timeout: '5s' })).ok).to.equal(true);
      await Promise.all([one.close({ grace: 0 }), other.close({ grace: 0 })]);
    }));

  it('prunes with the right to DELETE besides, and not without', () =>
    asUser(async (user, owner, role) => {
      const locks = new LockRegistry(user, { table });
      await (await locks.acquire('b')).release();
      await failureOf(locks.prune({ idleFor: 0 }), LockStoreError);
      await owner.query(`GRANT DELETE ON ${table} TO ${role}`);
      // What was free for less than the longest statement is spared.
      expect(await locks.prune({ idleFor: 0 })).to.equal(0);
      await locks.close();
    }));
});
