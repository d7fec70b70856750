import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sequelize, type Options } from 'sequelize';
import { administerMariadb, type MariadbSource, mariadbSource, mysqlSource } from './mariadb-source.js';
import { administerMssql, mssqlSource } from './mssql-source.js';
import { administer, postgresSource } from './postgres-source.js';
import { unavailable } from './requirements.js';

export type DialectName = 'mariadb' | 'mssql' | 'mysql' | 'postgres' | 'sqlite';

/** A database that only one spec file knows. */
export interface TestDatabase {
  readonly dialect: DialectName;
  /** For `connect()`, here or in a child process. */
  readonly url: string;
  /** A Sequelize of its own, closed when the database is dropped. */
  newSequelize(options?: Options): Sequelize;
  /** The lines that the server logged since this database was made; `undefined` where there is no log to read. */
  logLines(): string[] | undefined;
  drop(): Promise<void>;
}

/** Connects to the database at `url`, as `TestDatabase.url` gives it. */
export function connect(url: string, options: Options = {}): Sequelize {
  const quiet: Options = { logging: false, ...options };
  return url.startsWith('sqlite:')
    ? new Sequelize({ dialect: 'sqlite', storage: url.slice('sqlite:'.length), ...quiet })
    : new Sequelize(url, quiet);
}

/** Makes a fresh database: on PostgreSQL by CREATE DATABASE, on SQLite a file in a folder of its own. */
export function createDatabase(dialect: DialectName): Promise<TestDatabase> {
  return makers[dialect]();
}

/** Runs a suite on a fresh database of every kind. `database` may be called in hooks and specs only. */
export function eachDatabase(title: string, suite: (database: () => TestDatabase) => void): void {
  for (const dialect of Object.keys(makers) as DialectName[]) onDatabase(dialect, `${title} (${dialect})`, suite);
}

/** Runs a suite on a fresh database of one kind. */
export function onDatabase(dialect: DialectName, title: string, suite: (database: () => TestDatabase) => void): void {
  describe(title, () => {
    let database: TestDatabase | undefined;

    before(async function () {
      this.timeout(120_000); // the first suite may have to fetch and start a server
      try {
        database = await createDatabase(dialect);
      } catch (error) {
        if (this.test?.parent) forgetFarewells(this.test.parent);
        unavailable(this, dialect, String(error));
      }
    });
    after(() => database?.drop());

    suite(() => {
      if (!database) throw new Error('The database is made in a before hook: ask for it in hooks and specs, not in the suite.');
      return database;
    });
  });
}

/** Mocha runs what a suite does afterwards even where it was skipped, and that expects what was then never made. */
function forgetFarewells(suite: Mocha.Suite): void {
  // There is no public way to take them off; this is where Mocha keeps them.
  (suite as unknown as { readonly _afterAll: unknown[] })._afterAll.length = 0;
  for (const inner of suite.suites) forgetFarewells(inner);
}

/** `scheme`: whose driver is used. */
async function databaseOn(server: MariadbSource, scheme: 'mariadb' | 'mysql'): Promise<TestDatabase> {
  const name = `locks_${randomBytes(6).toString('hex')}`;
  await administerMariadb(server, scheme, `CREATE DATABASE ${name}`);
  const linesBefore = server.logLines?.().length;
  return new Database(scheme, server.url(name, scheme), {
    logLines: () => server.logLines?.().slice(linesBefore),
    drop: () => administerMariadb(server, scheme, `DROP DATABASE ${name}`),
  });
}

const makers: Readonly<Record<DialectName, () => Promise<TestDatabase>>> = {
  mariadb: async () => databaseOn(await mariadbSource(), 'mariadb'),
  async mssql() {
    const server = await mssqlSource();
    const name = `locks_${randomBytes(6).toString('hex')}`;
    await administerMssql(server, `CREATE DATABASE ${name}`);
    return new Database('mssql', server.url(name), {
      logLines: () => undefined,
      drop: () => administerMssql(server, `ALTER DATABASE ${name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE`, `DROP DATABASE ${name}`),
    });
  },

  mysql: async () => databaseOn(await mysqlSource(), 'mysql'),

  async postgres() {
    const server = await postgresSource();
    const name = `locks_${randomBytes(6).toString('hex')}`;
    await administer(server, `CREATE DATABASE ${name}`);
    const linesBefore = server.logLines?.().length;
    return new Database('postgres', server.url(name), {
      logLines: () => server.logLines?.().slice(linesBefore),
      // In two steps: PostgreSQL 12 cannot force it.
      async drop() {
        await administer(server, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
        await administer(server, `DROP DATABASE ${name}`);
      },
    });
  },

  async sqlite() {
    await import('sqlite3');
    const folder = await mkdtemp(join(tmpdir(), 'locks-sqlite-'));
    return new Database('sqlite', `sqlite:${join(folder, 'locks.db')}`, {
      logLines: () => undefined,
      // A connection that is about to close may make its journal meanwhile.
      drop: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
    });
  },
};

class Database implements TestDatabase {
  readonly #open = new Set<Sequelize>();

  constructor(
    readonly dialect: DialectName,
    readonly url: string,
    private readonly place: Pick<TestDatabase, 'logLines' | 'drop'>,
  ) {}

  newSequelize(options?: Options): Sequelize {
    const sequelize = connect(this.url, options);
    this.#open.add(sequelize);
    return sequelize;
  }

  logLines(): string[] | undefined {
    return this.place.logLines();
  }

  async drop(): Promise<void> {
    await Promise.all([...this.#open].map((sequelize) => sequelize.close()));
    await this.place.drop();
  }
}
