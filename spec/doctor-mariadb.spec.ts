import { expect } from 'chai';
import mysql2 from 'mysql2';
import { PROMISES } from '../lib/core/promises.js';
import { type Finding, LockRegistry, type RegistryOptions } from '../lib/index.js';
import { connect } from './support/databases.js';
import { MariadbServer, type MariadbSettings } from './support/mariadb-server.js';
import { unavailable } from './support/requirements.js';

const DATABASE = 'locks';

for (const driver of ['mariadb', 'mysql']) {
  describe(`The doctor on a MariaDB server, through ${driver}`, function () {
    this.timeout(30_000);
    const servers: MariadbServer[] = [];
    let server: MariadbServer;

    before(async function () {
      try {
        server = await start();
      } catch (error) {
        unavailable(this, 'mariadb', String(error));
      }
    });
    after(() => Promise.all(servers.map((each) => each.remove())));

    /** A server that is set up well, but for these settings, with a lock table. */
    const start = async (settings: MariadbSettings = {}): Promise<MariadbServer> => {
      const started = await MariadbServer.create({ 'innodb-flush-log-at-trx-commit': 1, ...settings });
      servers.push(started);
      await administer(started, 'SET GLOBAL read_only = OFF', `CREATE DATABASE ${DATABASE}`);
      await on(started, async (locks) => locks.createTable());
      return started;
    };

    const on = async <T>(at: MariadbServer, use: (locks: LockRegistry) => Promise<T>, options?: RegistryOptions): Promise<T> => {
      const sequelize = connect(at.url(DATABASE, driver));
      const locks = new LockRegistry(sequelize, options);
      try {
        return await use(locks);
      } finally {
        await locks.close();
        await sequelize.close();
      }
    };
    const examined = (at: MariadbServer, options?: RegistryOptions) => on(at, (locks) => locks.doctor(), options);

    const administer = async (at: MariadbServer, ...statements: string[]): Promise<void> => {
      const connection = mysql2.createConnection(at.url('mysql', 'mysql'));
      for (const statement of statements) await connection.promise().query(statement);
      await connection.promise().end();
    };

    const briefly = (findings: readonly Finding[]) => findings.map(({ code, level }) => `${code} ${level}`);
    const only = ([finding, ...more]: readonly Finding[]): Finding => {
      if (!finding || more.length > 0) throw new Error(`It found ${String(more.length + (finding ? 1 : 0))} things, not one.`);
      return finding;
    };

    it('that is set up well finds nothing', async () => {
      expect(await examined(server)).to.deep.equal([]);
    });

    for (const [value, what] of [
      [0, 'or the server alone'],
      [2, 'is 2: when the machine crashes the grants'],
    ] as const) {
      it(`that forgets commits (innodb_flush_log_at_trx_commit = ${value})`, async () => {
        await administer(server, `SET GLOBAL innodb_flush_log_at_trx_commit = ${value}`);
        const finding = only(await examined(server));
        await administer(server, 'SET GLOBAL innodb_flush_log_at_trx_commit = 1');
        expect(finding).to.include({ code: 'LOG_NOT_FLUSHED', level: 'risk', promise: PROMISES.durability });
        expect(finding.what).to.contain(what);
      });
    }

    it('that takes no writes', async () => {
      await administer(server, 'SET GLOBAL read_only = ON');
      expect(briefly(await examined(server))).to.deep.equal(['READ_ONLY risk']);
      await administer(server, 'SET GLOBAL read_only = OFF');
    });

    it('whose default isolation is not its own', async () => {
      await administer(server, 'SET GLOBAL TRANSACTION ISOLATION LEVEL SERIALIZABLE');
      const found = await examined(server);
      const shared = await examined(server, { connections: 'shared' });
      await administer(server, 'SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      expect(only(found)).to.include({ code: 'DEFAULT_ISOLATION', level: 'advice' });
      expect(only(found).what).to.contain('Lock statements set READ COMMITTED');
      expect(only(shared).what).to.contain('Lock statements run under it too');
    });

    it('whose sql_mode changes what lock statements mean, where they share connections with the application', async () => {
      await administer(server, `SET GLOBAL sql_mode = 'SIMULTANEOUS_ASSIGNMENT'`);
      const [found, shared] = [await examined(server), await examined(server, { connections: 'shared' })];
      await administer(server, 'SET GLOBAL sql_mode = DEFAULT');
      expect(found).to.deep.equal([]);
      expect(briefly(shared)).to.deep.equal(['SQL_MODE risk', 'DEFAULT_ISOLATION advice']);
    });

    it('whose lock table has no transactions', async () => {
      await administer(
        server,
        `ALTER TABLE ${DATABASE}.distributed_lock DROP KEY name, MODIFY name varbinary(900) NOT NULL, ENGINE = MyISAM`,
      );
      const found = await examined(server);
      await administer(server, `DROP TABLE ${DATABASE}.distributed_lock`);
      await on(server, async (locks) => locks.createTable());
      expect(briefly(found)).to.deep.equal(['TABLE_ENGINE risk', 'TABLE_DIFFERS risk']);
    });

    it('with a binary log that is written late, or in a format that refuses lock statements', async () => {
      const logging = await start({ 'log-bin': 'log', 'server-id': 1, 'sync-binlog': 0 });
      expect(briefly(await examined(logging))).to.deep.equal(['BINLOG_NOT_SYNCED advice']);
      await administer(logging, 'SET GLOBAL sync_binlog = 1', `SET GLOBAL binlog_format = 'STATEMENT'`);
      expect(briefly(await examined(logging))).to.deep.equal(['BINLOG_STATEMENT risk']);
    });

    it('with a replica that nobody waits for: a failover may forget grants', async () => {
      const primary = await start({ 'log-bin': 'log', 'server-id': 1, 'sync-binlog': 1 });
      const replica = await start({ 'server-id': 2 });
      const address = `MASTER_HOST = '127.0.0.1', MASTER_PORT = ${primary.port}, MASTER_USER = 'root'`;
      await administer(replica, `CHANGE MASTER TO ${address}, MASTER_USE_GTID = slave_pos`, 'START SLAVE IO_THREAD');
      let found = await examined(primary);
      while (found.length === 0) found = await examined(primary);
      await administer(primary, 'SET GLOBAL rpl_semi_sync_master_enabled = ON');
      const waiting = await examined(primary);
      const finding = only(found);
      expect(finding).to.include({ code: 'ASYNCHRONOUS_REPLICAS', level: 'risk', promise: PROMISES.durability });
      expect(finding.what).to.match(/^One server follows this one/);
      expect(waiting).to.deep.equal([]);
    });
  });
}
