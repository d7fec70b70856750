import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import pg from 'pg';
import { type Options, QueryTypes, type Sequelize } from 'sequelize';
import sqlite3 from 'sqlite3';
import { systemClock } from '../lib/adapters/system-clock.js';
import type { Clock } from '../lib/contracts/clock.js';
import { PROMISES } from '../lib/core/promises.js';
import { type Finding, LockRegistry, type RegistryOptions } from '../lib/index.js';
import { freshName } from './support/contract-world.js';
import { connect, eachDatabase, onDatabase } from './support/databases.js';
import { PgBouncer } from './support/pg-bouncer.js';
import { PgServer, type PgSettings } from './support/pg-server.js';
import { standbyOf } from './support/pg-standby.js';
import { firstColumn, readReadme } from './support/readme.js';
import { unavailable } from './support/requirements.js';
import { recordStatements } from './support/statements.js';

/** What the doctor says to a registry on `sequelize`. */
async function examined(sequelize: Sequelize, options?: RegistryOptions): Promise<readonly Finding[]> {
  await using locks = new LockRegistry(sequelize, options);
  return await locks.doctor();
}

/** The same on a Sequelize of its own. */
async function examinedAt(url: string, options?: RegistryOptions, connection?: Options): Promise<readonly Finding[]> {
  const sequelize = connect(url, connection);
  try {
    return await examined(sequelize, options);
  } finally {
    await sequelize.close();
  }
}

const briefly = (findings: readonly Finding[]) => findings.map(({ code, level }) => `${code} ${level}`);

const only = ([finding, ...more]: readonly Finding[]): Finding => {
  if (!finding || more.length > 0) throw new Error(`It found ${String(more.length + (finding ? 1 : 0))} things, not one.`);
  return finding;
};

/** The machine's clock, with its hands moved. */
const clockAhead = (ms: number): Clock => ({
  ...systemClock,
  now: () => ({ monotonicMs: systemClock.now().monotonicMs, wallMs: systemClock.now().wallMs + ms }),
});

eachDatabase('The doctor', (database) => {
  let sequelize: Sequelize;
  let table: string;

  before(() => (sequelize = database().newSequelize()));
  beforeEach(() => (table = freshName()));

  /** What it says of table and clock: how the server of all specs is set up is of no interest here. */
  const found = async (options: RegistryOptions = {}) =>
    (await examined(sequelize, { table, ...options })).filter(({ code }) => /^(TABLE_(?!UNLOGGED)|CLOCK)/.test(code));
  const sql = (text: string) => sequelize.query(text);
  const make = async () => {
    await using locks = new LockRegistry(sequelize, { table });
    await locks.createTable();
  };

  it('finds nothing wrong with a table that this version made', async () => {
    await make();
    expect(await found()).to.deep.equal([]);
  });

  it('says that the table is missing, and does not make it', async () => {
    expect(briefly(await found())).to.deep.equal(['TABLE_MISSING advice']);
    const finding = only(await found());
    expect(finding.what).to.contain(`"${table}"`);
    expect(finding.remedy).to.contain('createTable()');
  });

  it('calls a missing table a risk where the library may not make it', async () => {
    expect(briefly(await found({ create: false }))).to.deep.equal(['TABLE_MISSING risk']);
  });

  it('sees a column that is missing', async () => {
    await make();
    await sql(`ALTER TABLE ${table} DROP COLUMN label`);
    const finding = only(await found());
    expect(finding).to.include({ code: 'TABLE_DIFFERS', level: 'risk' });
    expect(finding.what).to.match(/: no column label (text|varchar\(255\) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin) NOT NULL\.$/i);
  });

  it('sees a column of another type, and a key that is missing, with what there is', async () => {
    await make();
    const columns = Object.keys(await sequelize.getQueryInterface().describeTable(table));
    const typed = columns.map((column) => `${column} ${column === 'token' ? 'varchar(9)' : 'bigint'}`);
    await sql(`DROP TABLE ${table}`);
    await sql(`CREATE TABLE ${table} (${typed.join()})`);
    const { code, what } = only(await found());
    expect(code).to.equal('TABLE_DIFFERS');
    expect(what).to.match(/column token is (varchar\(9\)|character varying\(9\))[^,;]*, not (bigint|INTEGER) NOT NULL/);
    expect(what).to.contain('no unique key over (name)');
  });

  it('mentions columns that it does not know, and no more than that', async () => {
    await make();
    await sql(`ALTER TABLE ${table} ADD COLUMN note text`);
    const finding = only(await found());
    expect(finding).to.include({ code: 'TABLE_HAS_MORE', level: 'advice' });
    expect(finding.what).to.contain('does not know: note.');
  });

  for (const [title, ms, where] of [
    ['ahead of', 3_600_000, /at least 3[56]\d{5} ms ahead of/],
    ['behind', -3_600_000, /at least 3[56]\d{5} ms behind/],
  ] as const) {
    it(`says how far this clock is ${title} the database’s, if that is more than the margin`, async () => {
      await make();
      const finding = only(await found({ clock: clockAhead(ms) }));
      expect(finding).to.include({ code: 'CLOCKS_DIFFER', level: 'advice' });
      expect(finding.what).to.match(where);
      expect(await found({ clock: clockAhead(ms), ttl: '30d', margin: '2h' })).to.deep.equal([]);
    });
  }

  it('puts risks first', async () => {
    const levels = (await examined(sequelize, { table, create: false, clock: clockAhead(3_600_000) })).map(({ level }) => level);
    expect(levels).to.include.members(['risk', 'advice']);
    expect(levels).to.deep.equal([...levels].sort().reverse());
  });

  it('sends nothing that changes anything', async () => {
    const statements = recordStatements();
    await examined(sequelize, { table });
    expect(statements.filter((text) => !/^\s*(SELECT|SET|SHOW|LISTEN|PRAGMA FOREIGN_KEYS)\b/.test(text))).to.deep.equal([]);
    expect(statements).not.to.be.empty;
  });
});

describe('The doctor on a PostgreSQL server', function () {
  this.timeout(30_000);
  const servers: PgServer[] = [];
  let server: PgServer;

  before(async function () {
    try {
      server = await start();
    } catch (error) {
      unavailable(this, 'postgres', String(error));
    }
    await createTable(server);
  });
  after(() => Promise.all(servers.map((each) => each.remove())));

  /** A server that is set up well, but for these settings. */
  const start = async (settings: PgSettings = {}): Promise<PgServer> => {
    const started = await PgServer.create({ fsync: 'on', ...settings });
    servers.push(started);
    return started;
  };

  const createTable = async (at: PgServer): Promise<void> => {
    const sequelize = connect(at.url());
    await using locks = new LockRegistry(sequelize);
    await locks.createTable();
    await locks.close();
    await sequelize.close();
  };

  const administer = async (at: PgServer, ...statements: string[]): Promise<void> => {
    const client = new pg.Client(at.url());
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };

  /** What it says with these settings of the database, which every new connection gets. */
  const foundWith = async (settings: Readonly<Record<string, string>>, options?: RegistryOptions): Promise<readonly Finding[]> => {
    const set = Object.entries(settings).map(([name, value]) => `ALTER DATABASE postgres SET ${name} = '${value}'`);
    await administer(server, ...set);
    try {
      return await examinedAt(server.url(), options);
    } finally {
      await administer(server, 'BEGIN READ WRITE', 'ALTER DATABASE postgres RESET ALL', 'COMMIT');
    }
  };

  it('that is set up well finds nothing', async () => {
    expect(await examinedAt(server.url())).to.deep.equal([]);
    expect(await examinedAt(server.url(), { connections: 'shared' })).to.deep.equal([]);
  });

  it('through a pg.Pool finds the same', async () => {
    const pool = new pg.Pool({ connectionString: server.url() });
    await using locks = new LockRegistry(pool);
    expect(await locks.doctor()).to.deep.equal([]);
    await locks.close();
    await pool.end();
  });

  it('that forgets commits: advice for what holders write, a risk where lock statements have no connections of their own', async () => {
    const settings = { synchronous_commit: 'off' };
    const finding = only(await foundWith(settings));
    expect(finding).to.include({ code: 'SYNCHRONOUS_COMMIT_OFF', level: 'advice', promise: PROMISES.durability });
    expect(briefly(await foundWith(settings, { connections: 'shared' }))).to.deep.equal(['SYNCHRONOUS_COMMIT_OFF risk']);
  });

  it('that writes nothing through to the disk', async () => {
    const careless = await start({ fsync: 'off', full_page_writes: 'off' });
    await createTable(careless);
    expect(briefly(await examinedAt(careless.url()))).to.deep.equal(['FSYNC_OFF risk', 'FULL_PAGE_WRITES_OFF risk']);
  });

  it('with an unlogged table', async () => {
    await administer(server, 'ALTER TABLE distributed_lock SET UNLOGGED');
    expect(briefly(await examinedAt(server.url()))).to.deep.equal(['TABLE_UNLOGGED risk']);
    await administer(server, 'ALTER TABLE distributed_lock SET LOGGED');
    expect(await examinedAt(server.url())).to.deep.equal([]);
  });

  for (const level of ['repeatable read', 'serializable']) {
    it(`with another default isolation (${level})`, async () => {
      for (const connections of [{}, 'shared'] as const) {
        const finding = only(await foundWith({ default_transaction_isolation: level }, { connections }));
        expect(finding).to.include({ code: 'DEFAULT_ISOLATION', level: 'advice' });
        expect(finding.what).to.contain(level);
      }
    });
  }

  it('whose transactions are read-only by default', async () => {
    const settings = { default_transaction_read_only: 'on' };
    expect(briefly(await foundWith(settings))).to.deep.equal(['READ_ONLY advice']);
    expect(briefly(await foundWith(settings, { connections: 'shared' }))).to.deep.equal(['READ_ONLY risk']);
  });

  it('with a table whose key was dropped', async () => {
    const table = freshName();
    const sequelize = connect(server.url());
    await using locks = new LockRegistry(sequelize, { table });
    await locks.createTable();
    const keys = await sequelize.query<{ conname: string }>(
      `SELECT conname FROM pg_constraint WHERE conrelid = '${table}'::regclass AND contype IN ('p', 'u') ORDER BY contype`,
      { type: QueryTypes.SELECT },
    );
    for (const { conname } of keys) await sequelize.query(`ALTER TABLE ${table} DROP CONSTRAINT "${conname}"`);
    const finding = only(await locks.doctor());
    expect(finding).to.include({ code: 'TABLE_DIFFERS', level: 'risk' });
    expect(finding.what).to.contain('no unique key over (name);');

    // One that refuses only some rows is none.
    await sequelize.query(`CREATE UNIQUE INDEX ON ${table} (name) WHERE name <> 'x'`);
    expect(only(await locks.doctor()).what).to.contain('no unique key over (name);');
    await sequelize.query(`CREATE UNIQUE INDEX ON ${table} (name)`);
    expect(only(await locks.doctor()).what).not.to.contain('no unique key over (name);');
    await locks.close();
    await sequelize.close();
  });

  it('that has no second connection to give: whether a pooler is in between cannot be known', async () => {
    await administer(server, 'CREATE ROLE lonely LOGIN CONNECTION LIMIT 1');
    const url = server.url().replace('//postgres@', '//lonely@');
    expect(briefly(await examinedAt(url))).to.deep.equal(['POOLER_UNKNOWN advice']);
  });

  describe('behind PgBouncer in transaction mode', () => {
    let bouncer: PgBouncer | undefined;

    before(async function () {
      try {
        bouncer = await PgBouncer.start(new URL(server.url()));
      } catch (error) {
        unavailable(this, 'pgbouncer', String(error));
      }
    });
    after(() => bouncer?.stop());

    for (const connections of [{}, { max: 1 }, 'shared'] as const) {
      it(`finds the pooler (connections: ${JSON.stringify(connections)})`, async () => {
        const url = bouncer?.url('postgres') ?? '';
        const found = briefly(await examinedAt(url, { connections }));
        expect(found).to.deep.equal(['TRANSACTION_POOLER risk']);
      });
    }

    it('says the truth: settings of one connection come to others', async () => {
      const url = bouncer?.url('postgres') ?? '';
      await examinedAt(url);
      const application = new pg.Client(url);
      await application.connect();
      const { rows } = await application.query('SHOW statement_timeout');
      await application.end();
      expect(rows).to.deep.equal([{ statement_timeout: '10s' }]);
    });
  });

  describe('with a standby', () => {
    let primary: PgServer;
    let standby: PgServer;

    before(async () => {
      primary = await start();
      await createTable(primary);
      servers.push((standby = await standbyOf(primary, { fsync: 'on' })));
    });

    const foundAtPrimary = async (names: string): Promise<readonly Finding[]> => {
      await administer(
        primary,
        `ALTER SYSTEM SET synchronous_standby_names = '${names}'`,
        'SELECT pg_reload_conf()',
        'SELECT pg_sleep(0.2)',
      );
      return examinedAt(primary.url());
    };

    it('that nobody waits for: a failover may forget grants', async () => {
      const finding = only(await foundAtPrimary(''));
      expect(finding).to.include({ code: 'ASYNCHRONOUS_REPLICAS', level: 'risk', promise: PROMISES.durability });
      expect(finding.what).to.match(/^One server follows this one \(async\)/);
    });

    it('that is waited for finds nothing, unless commits do not wait', async () => {
      expect(await foundAtPrimary('*')).to.deep.equal([]);
      await administer(primary, 'ALTER DATABASE postgres SET synchronous_commit = local');
      expect(only(await examinedAt(primary.url())).what).to.contain(`synchronous_standby_names is '*' and synchronous_commit is local.`);
      await administer(primary, 'ALTER DATABASE postgres RESET ALL');
    });

    it('knows that there is one without the right to see what it does', async () => {
      await foundAtPrimary('');
      await administer(primary, 'CREATE ROLE plain LOGIN');
      expect(only(await examinedAt(primary.url().replace('//postgres@', '//plain@'))).what).to.contain('follows this one (hidden)');
    });

    it('says so where it is the standby itself that was asked', async () => {
      expect(briefly(await examinedAt(standby.url()))).to.deep.equal(['STANDBY risk']);
    });
  });
});

onDatabase('sqlite', 'The doctor on a SQLite file', (database) => {
  let table: string;

  /** A table in a file of its own in this journal mode. */
  const fileIn = async (journalMode: string): Promise<string> => {
    const url = `${database().url}-${freshName()}`;
    table = freshName();
    const sequelize = connect(url);
    await sequelize.query(`PRAGMA journal_mode = ${journalMode}`);
    await using locks = new LockRegistry(sequelize, { table });
    await locks.createTable();
    await locks.close();
    await sequelize.close();
    return url;
  };

  it('that is set up well finds nothing', async () => {
    expect(await examinedAt(await fileIn('WAL'), { table })).to.deep.equal([]);
  });

  it('without WAL advises it, and does not switch it on', async () => {
    const url = await fileIn('DELETE');
    for (let times = 1; times <= 2; times++) {
      const finding = only(await examinedAt(url, { table }));
      expect(finding).to.include({ code: 'JOURNAL_NOT_WAL', level: 'advice' });
      expect(finding.what).to.contain('journal_mode is delete');
    }
  });

  it('that is not written through to the disk', async () => {
    // As an application does it that has the driver set this on every connection.
    class Careless extends sqlite3.Database {
      constructor(...args: ConstructorParameters<typeof sqlite3.Database>) {
        super(...args);
        this.exec('PRAGMA synchronous = OFF');
      }
    }
    const url = await fileIn('WAL');
    const found = await examinedAt(url, { table }, { dialectModule: { ...sqlite3, Database: Careless } });
    expect(briefly(found)).to.deep.equal(['SYNCHRONOUS_OFF risk']);
  });

  it('that is none, but in memory', async () => {
    const sequelize = connect('sqlite::memory:');
    await using locks = new LockRegistry(sequelize);
    await locks.createTable();
    expect(briefly(await locks.doctor())).to.deep.equal(['IN_MEMORY advice']);
    await locks.close();
    await sequelize.close();
  });
});

describe('The findings of the doctor', () => {
  const lib = fileURLToPath(new URL('../lib', import.meta.url));
  const sources = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) => /(diagnose|doctor)\.ts$/.test(file));
  const codes = sources.flatMap((file) =>
    [...readFileSync(`${lib}/${file}`, 'utf8').matchAll(/^\s*code: '([A-Z_]+)'/gm)].map(([, code]) => code),
  );

  it('are all in the README, and no other', () => {
    expect(codes).not.to.be.empty;
    expect(firstColumn(readReadme(), 'Is the server set up well? `doctor()`').sort()).to.deep.equal([...new Set(codes)].sort());
  });

  it('touch promises that the README makes in these words', () => {
    const readme = readReadme();
    for (const promise of Object.values(PROMISES)) expect(readme).to.contain(`- **${promise}**`);
  });
});
