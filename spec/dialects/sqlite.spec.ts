import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Sequelize } from 'sequelize';
import sqlite3 from 'sqlite3';
import { StatementError } from '../../lib/contracts/session.js';
import type { SqliteDatabase } from '../../lib/dialects/sqlite/database.js';
import { driver } from '../../lib/dialects/sqlite/driver.js';
import { UnfitDatabaseError } from '../../lib/dialects/sqlite/errors.js';
import { LockRegistry } from '../../lib/index.js';
import { connect, onDatabase, type TestDatabase } from '../support/databases.js';
import { claimOf, freshName, freshOwner, LockTable } from './lock-table.js';

/** The error with which a statement or an attempt to connect failed. */
async function failureOf(work: Promise<unknown>): Promise<StatementError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StatementError)) throw new Error('It should have failed with a StatementError.', { cause: error });
  return error;
}

/** The connections that Sequelize opens from now on, in a list that grows. */
function openedBy(sequelize: Sequelize): SqliteDatabase[] {
  const opened: SqliteDatabase[] = [];
  const { connectionManager } = sequelize as unknown as { connectionManager: { getConnection(o: object): Promise<SqliteDatabase> } };
  const getConnection = connectionManager.getConnection.bind(connectionManager);
  connectionManager.getConnection = async (options) => {
    const connection = await getConnection(options);
    opened.push(connection);
    return connection;
  };
  return opened;
}

onDatabase('sqlite', 'Statements on a SQLite file', (database) => {
  let table: LockTable;
  let name: string;

  before(async () => {
    table = new LockTable(database());
    await table.create();
  });
  beforeEach(() => (name = freshName()));
  after(() => table.close());

  /** Holds the file's write lock, as an application's transaction does. */
  const writing = async (during: (sequelize: Sequelize) => Promise<void>) => {
    const sequelize = database().newSequelize();
    await sequelize.query('BEGIN IMMEDIATE');
    try {
      await during(sequelize);
    } finally {
      await sequelize.query('COMMIT');
    }
  };

  it('give up within a moment, undone, while somebody else writes: whoever waits, waits in JavaScript', async () => {
    await table.hold(name);
    await writing(async () => {
      const startedAt = performance.now();
      const { failure, cause } = await failureOf(table.ask(name));
      expect(performance.now() - startedAt).to.be.below(500); // the driver's own default is a second
      expect(failure).to.deep.equal({ outcome: 'not-done', transient: true });
      expect(cause).to.include({ code: 'SQLITE_BUSY' });
    });
  });

  it('look at locks while somebody else writes', async () => {
    const { owner } = await table.hold(name);
    await writing(async () => {
      expect((await table.look({ key: name, owner }))[0]?.place).to.equal('mine');
    });
  });

  it('read the clock after they waited for the file, so that a lease is never short of that wait', async () => {
    await table.look(); // the connection is open
    let asking: ReturnType<typeof table.ask> | undefined;
    let heldUntil = Infinity;
    await writing(async () => {
      asking = table.runPatiently(table.statements.ask(claimOf(name)));
      await setTimeout(25);
      heldUntil = Date.now();
    });
    expect(await asking)
      .to.have.nested.property('grant.now')
      .that.is.at.least(heldUntil);
  });

  it('name the moment once, however often they read the clock', async () => {
    const moments = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
      SELECT count(DISTINCT unixepoch('subsec') + i * 0) AS moments, count(*) AS reads FROM n`;
    expect(await table.query(moments)).to.deep.equal([{ moments: 1, reads: 300_000 }]);
  });

  it('leave the journal mode as it is', async () => {
    for (const mode of ['delete', 'wal']) {
      await table.query(`PRAGMA journal_mode = ${mode}`);
      const other = new LockTable(database());
      await other.hold(freshName());
      await other.close();
      expect(await table.query('PRAGMA journal_mode')).to.deep.equal([{ journal_mode: mode }]);
    }
    await table.query('PRAGMA journal_mode = delete');
  });

  it('that fail for a busy file do not keep what follows from being committed', async () => {
    const other = freshName();
    const { owner } = await table.hold(other);
    await writing(async () => {
      await failureOf(table.ask(name));
    });
    await table.release(other, owner);
    const witness = new LockTable(database());
    expect((await witness.row(other))?.owner).to.equal(null);
    expect((await witness.ask(other)).kind).to.equal('granted');
    await witness.close();
  });

  it('are carried out once although a reader holds up their commit', async () => {
    const reader = database().newSequelize();
    await reader.query('BEGIN');
    await reader.query('SELECT * FROM distributed_lock');
    expect((await failureOf(table.ask(name))).failure.outcome).to.equal('not-done');
    await reader.query('COMMIT');
    expect(await table.row(name)).to.equal(undefined);
    expect((await table.ask(name)).kind).to.equal('granted');
  });

  it('find a table that is made after they were first refused', async () => {
    const late = new LockTable(database(), { table: 'late' });
    expect((await failureOf(late.ask(name))).failure).to.deep.equal({ outcome: 'not-done', transient: false, missingTable: true });
    await late.create();
    expect((await late.ask(name)).kind).to.equal('granted');
    await late.query('DROP TABLE late');
    expect((await failureOf(late.ask(name))).failure.missingTable).to.equal(true);
    await late.create();
    expect((await late.ask(name)).kind).to.equal('granted');
    await late.close();
  });

  it('use another connection after theirs was closed', async () => {
    const sequelize = database().newSequelize();
    const opened = openedBy(sequelize);
    const closed = new LockTable(database(), { sequelize });
    await closed.hold(name);
    await new Promise((resolve) => opened[0]?.close(resolve));
    expect((await closed.ask(name)).kind).to.equal('busy');
    expect(opened).to.have.length(2);
    await closed.close();
  });

  it('leave nothing behind that keeps Sequelize from closing', async () => {
    const sequelize = connect(database().url);
    const used = new LockTable(database(), { sequelize });
    await used.hold(name);
    await used.close();
    await sequelize.close();
  });
});

const inMemory = { dialect: 'sqlite' } as unknown as TestDatabase;

describe('A SQLite database', () => {
  let folder: string;

  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'locks-unfit-'))));
  after(() => rm(folder, { recursive: true }));

  it('that cannot be opened is refused as it comes, at once, and Sequelize closes all the same', async () => {
    const sequelize = connect(`sqlite:${folder}`);
    const { failure, cause } = await failureOf(new LockTable(inMemory, { sequelize }).create());
    expect(failure).to.deep.equal({ outcome: 'not-done', transient: false });
    expect(cause).to.have.nested.property('parent.code', 'SQLITE_CANTOPEN');
    await sequelize.close();
  });

  it('that is encrypted, or none at all, is refused as it comes', async () => {
    const file = join(folder, 'noise.db');
    await writeFile(file, 'no database, but long enough to have a header of its own. '.repeat(100));
    const sequelize = connect(`sqlite:${file}`);
    const opened = openedBy(sequelize);
    const { failure, cause } = await failureOf(new LockTable(inMemory, { sequelize }).create());
    expect(failure).to.deep.equal({ outcome: 'not-done', transient: false });
    expect(cause).to.include({ code: 'SQLITE_NOTADB' });
    await new Promise<void>((resolve) => opened[0]?.once('close', resolve)); // what could not be readied is not left open
  });

  it('that is one connection’s alone is refused: its locks would exclude nobody', async () => {
    const { failure, cause } = await failureOf(new LockTable(inMemory, { sequelize: connect('sqlite:') }).create());
    expect(failure).to.deep.equal({ outcome: 'not-done', transient: false });
    expect(cause).to.be.instanceOf(UnfitDatabaseError);
  });

  it('in memory that connections share is one for all of them', async () => {
    const { OPEN_READWRITE, OPEN_CREATE, OPEN_URI } = sqlite3;
    const options = { dialectOptions: { mode: OPEN_READWRITE | OPEN_CREATE | OPEN_URI } };
    const sequelize = connect('sqlite:file:locks?mode=memory&cache=shared', options);
    const [table, other] = [new LockTable(inMemory, { sequelize }), new LockTable(inMemory, { sequelize })];
    await table.create();
    await table.hold('shared');
    expect((await other.ask('shared')).kind).to.equal('busy');
    for (const each of [table, other]) await each.close();
    await sequelize.close();
  });

  it('that is too old to tell milliseconds is refused', async () => {
    const old = {
      filename: 'old.db',
      configure: () => undefined,
      all: (_sql: string, _values: unknown[], answer: (error: null, rows: object[]) => void) =>
        answer(null, [{ version: '3.41.2', precise: 0, file: 'old.db' }]),
    };
    const error: unknown = await driver.prepare(old as never, 1_000).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(UnfitDatabaseError);
    expect(String(error)).to.include('3.41.2').and.include('3.42');
  });
});

describe('A SQLite database in memory', () => {
  let sequelize: Sequelize;
  let table: LockTable;
  let name: string;

  beforeEach(async () => {
    sequelize = connect('sqlite::memory:');
    table = new LockTable(inMemory, { sequelize });
    await table.create();
    name = freshName();
  });
  afterEach(async () => {
    await table.close();
    await sequelize.close();
  });

  it('keeps its locks when the application rolls back', async () => {
    const transaction = await sequelize.transaction();
    await table.hold(name);
    await transaction.rollback();
    expect((await table.ask(name)).kind).to.equal('busy');
  });

  it('takes locks while the application writes', async () => {
    const transaction = await sequelize.transaction();
    await sequelize.query('CREATE TABLE orders (id int)', { transaction });
    await table.hold(name);
    await transaction.commit();
    expect(await sequelize.getQueryInterface().showAllTables()).to.deep.equal(['orders']);
  });

  it('shows its locks to every registry of the same Sequelize, and keeps them when one of these closes', async () => {
    const other = new LockTable(inMemory, { sequelize });
    await other.hold(name);
    await other.close();
    expect((await table.ask(name)).kind).to.equal('busy');
  });

  it('shows them to no registry of another Sequelize', async () => {
    const stranger = connect('sqlite::memory:');
    const other = new LockTable(inMemory, { sequelize: stranger });
    await other.create();
    await table.hold(name);
    expect((await other.ask(name)).kind).to.equal('granted');
    await stranger.close();
  });

  it('keeps the tables of two registries apart', async () => {
    const other = new LockTable(inMemory, { sequelize, table: 'other_locks' });
    await other.create();
    await table.hold(name);
    await other.hold(name);
    await other.close();
  });

  it('refuses a fenced transaction before its body runs: it does not reach the locks', async () => {
    await using locks = new LockRegistry(sequelize);
    await using lease = await locks.acquire(name);
    let ran = false;
    const fenced = lease.transaction(() => void (ran = true)).catch((error: unknown) => error);
    expect(await fenced)
      .to.be.instanceOf(TypeError)
      .with.property('message')
      .that.includes('in memory');
    expect(ran).to.equal(false);
    const transaction = await sequelize.transaction();
    expect(await lease.fence(transaction).catch((error: unknown) => error)).to.be.instanceOf(TypeError);
    await transaction.rollback();
    expect(lease.held).to.equal(true);
  });

  it('stays as the application left it: its own connection is neither configured nor closed', async () => {
    const before = await sequelize.query('PRAGMA busy_timeout');
    await table.hold(name);
    await table.close();
    expect(await sequelize.query('PRAGMA busy_timeout')).to.deep.equal(before);
  });

  it('is not closed when a connection to it is given up', async () => {
    const application = new sqlite3.Database(':memory:') as unknown as SqliteDatabase;
    const own = await driver.prepare(application, 1_000);
    expect(own).to.not.equal(application);
    for (const given of [own, application]) driver.destroy(given);
    expect(await driver.run(own, { id: 'one', text: 'SELECT 1 AS one', values: [] })).to.deep.equal([{ one: 1 }]);
    expect(await driver.prepare(application, 1_000)).to.equal(own);
  });

  it('lets several registries use it at once', async () => {
    const others = Array.from({ length: 5 }, () => new LockTable(inMemory, { sequelize }));
    const answers = await Promise.all(others.map((other) => other.ask(name, { owner: freshOwner() })));
    expect(answers.filter(({ kind }) => kind === 'granted')).to.have.length(1);
    for (const other of others) await other.close();
  });
});
