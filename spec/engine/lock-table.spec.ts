import { expect } from 'chai';
import { LockStoreError, LockTableError } from '../../lib/core/errors.js';
import { checkExisting, createTable, prepareTable } from '../../lib/engine/lock-table.js';
import { Store } from '../../lib/engine/store.js';
import { noRetry } from '../../lib/policies/no-retry.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { memoryStatements } from '../../lib/testing/memory-statements.js';
import { failed, MemorySession, REFUSED } from '../support/memory-session.js';
import { failureOf } from '../support/outcome.js';

const name = { schema: 'ops', table: 'locks' };

describe('The lock table', () => {
  let clock: ManualClock;
  let database: MemoryDatabase;
  let session: MemorySession;
  let store: Store;

  beforeEach(() => {
    clock = new ManualClock();
    database = new MemoryDatabase(clock);
    session = new MemorySession(database, clock);
    const prepare = async () => undefined;
    store = new Store({ session, statements: memoryStatements(), retry: noRetry(), clock, random: () => 0, prepareTable: prepare });
  });

  const sent = () => session.sent.map(({ step }) => step);

  it('that is there is used as it is: nobody needs the right to create one', async () => {
    await prepareTable(store, name, true);
    expect(sent()).to.deep.equal(['columns']);
  });

  it('that is missing is made', async () => {
    database.hasTable = false;
    await prepareTable(store, name, true);
    expect([sent(), database.hasTable]).to.deep.equal([['columns', 'create'], true]);
  });

  it('that is missing and is not to be made is an error that says what to do', async () => {
    database.hasTable = false;
    const error = await failureOf(prepareTable(store, name, false), LockTableError);
    expect(error).to.deep.include({ table: 'ops.locks', columns: [] });
    expect(error.message).to.contain('createTableSql()');
    expect(sent()).to.deep.equal(['columns']);
  });

  it('that is somebody else’s is left alone, and the error shows what it is', async () => {
    database.tableColumns = ['id', 'name'];
    for (const prepare of [prepareTable(store, name, true), checkExisting(store, name)]) {
      const error = await failureOf(prepare, LockTableError);
      expect(error.columns).to.deep.equal(['id', 'name']);
      expect(error.message).to.match(/"ops.locks" is not a lock table: it has the columns id, name\. It was left alone/);
    }
    expect(sent()).to.deep.equal(['columns', 'columns']);
  });

  it('that is the ancestor’s is called so', async () => {
    database.tableColumns = ['mutex', 'ts', 'node_id', 'created_at'];
    expect((await failureOf(prepareTable(store, name, true), LockTableError)).message).to.contain('original Sequelize Distributed Lock');
  });

  it('is made on demand, where nothing is in the way', async () => {
    database.hasTable = false;
    await checkExisting(store, name);
    await createTable(store);
    expect(database.hasTable).to.equal(true);
  });

  it('about which nothing can be found out is a LockStoreError', async () => {
    session.always('all', failed(REFUSED));
    expect(await failureOf(prepareTable(store, name, true), LockStoreError)).to.include({ step: 'columns', lockName: undefined });
  });

  it('tells the database’s time, which bounds the first asks', async () => {
    await prepareTable(store, name, true);
    expect(store.databaseClock.latest(clock.now().monotonicMs)).to.equal(database.nowMs);
  });
});
