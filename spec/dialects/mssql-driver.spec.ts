import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { Sequelize } from 'sequelize';
import { Connection, Request, TYPES } from 'tedious';
import type { LockStatements } from '../../lib/contracts/dialect.js';
import type { Row, StatementError } from '../../lib/contracts/session.js';
import { LOCK_COLUMNS } from '../../lib/core/lock-table.js';
import { mssql } from '../../lib/dialects/mssql/index.js';
import { LeaseLostError, LockRegistry, LockStoreError, transientRetry } from '../../lib/index.js';
import { connect, type TestDatabase } from '../support/databases.js';
import { rejection } from '../support/outcome.js';
import { type Answer, type SentBatch, TediousDouble } from '../support/tedious-double.js';
import { claimOf, freshOwner, LockTable, releaseOf } from './lock-table.js';

const NOW = Date.UTC(2030, 0, 1);
const TOKEN = NOW * 1_000;

/** The steps by the text of their statements. */
const steps = ((statements: LockStatements) => {
  const [key, owner] = ['job', freshOwner()];
  const named = {
    columns: statements.columns(),
    create: statements.create(),
    ask: statements.ask(claimOf(key)),
    join: statements.join({ ...claimOf(key), waitMs: 1 }),
    renew: statements.renew([{ key, owner, ttlMs: 1, token: 1 }]),
    look: statements.look([{ key, owner }]),
    release: statements.release(releaseOf(key, owner)),
    confirm: statements.confirm(claimOf(key)),
    leave: statements.leave(releaseOf(key, owner)),
  };
  return new Map(Object.entries(named).map(([name, { statement }]) => [statement.text, name]));
})(mssql.statements({ table: 'distributed_lock' }));

const stepOf = ({ sql }: SentBatch) => steps.get(sql) ?? (sql.includes('HOLDLOCK') ? 'fence' : sql);

const valueOf = ({ parameters }: SentBatch, at: number) => parameters[at]?.value;

const serverError = (number: number) => Object.assign(new Error('a message'), { code: 'EREQUEST', number, class: 16 });

/** What a server would say to who asks for a lock that nobody else wants, as the driver has it: big numbers are text. */
const willing: Readonly<Record<string, (batch: SentBatch) => Row[]>> = {
  columns: () => LOCK_COLUMNS.map((column) => ({ column, now: String(NOW) })),
  ask: (batch) => [granted(valueOf(batch, 1))],
  join: (batch) => [granted(valueOf(batch, 1))],
  look: (batch) => ownersIn(batch).map((owner) => ({ ...granted(owner), asker: owner })),
  confirm: (batch) => [granted(valueOf(batch, 1))],
  renew: (batch) => [{ asker: ownersIn(batch)[0], now: String(NOW), token_top: String(TOKEN + 2_000_000), waiters: 0 }],
  release: (batch) => [{ released: valueOf(batch, 1) }],
  fence: (batch) => ownersIn(batch).map((owner) => ({ owner })),
};

const granted = (owner: unknown): Row => ({
  owner,
  token: String(TOKEN),
  token_top: String(TOKEN + 1_000_000),
  acquired_at: String(NOW),
  expires_at: String(NOW + 30_000),
  holder: 'host 1',
  label: '',
  line: '',
  now: String(NOW),
});

const ownersIn = (batch: SentBatch) => (JSON.parse(String(valueOf(batch, 0))) as [string, string][]).map(([, owner]) => owner);

/** A join finds another owner, and stands in line. */
const standingFirst =
  (answer: TediousDouble['answer']): TediousDouble['answer'] =>
  (batch) =>
    stepOf(batch) === 'join' ? [{ ...granted(freshOwner()), line: `${String(valueOf(batch, 1))},` }] : answer(batch);

describe('SQL Server through Sequelize, with a double of its driver', () => {
  let server: TediousDouble;
  let application: Sequelize;
  let locks: LockRegistry;
  /** Said instead of what {@link willing} says, one after the other. */
  let instead: Record<string, Answer[]>;

  beforeEach(() => {
    server = new TediousDouble();
    instead = {};
    server.answer = (batch) => {
      const step = stepOf(batch);
      return instead[step]?.shift() ?? willing[step]?.(batch) ?? [{ version: '15.0.2000' }];
    };
    application = new Sequelize('mssql://sa:secret@nowhere/db', { dialectModule: server.module, logging: false });
    locks = new LockRegistry(application, { retry: transientRetry({ first: 1, ceiling: 2 }) });
  });
  afterEach(async () => {
    await locks.close({ grace: 0 });
    await application.close();
  });

  const sentSteps = () => server.sent.map(stepOf);
  const sent = (step: string) => server.sent.filter((batch) => stepOf(batch) === step);

  it('a lock is taken, renewed and given back by one batch each', async () => {
    const lease = await locks.acquire('job');
    expect({ token: lease.fencingToken, held: lease.held }).to.deep.equal({ token: TOKEN, held: true });
    await lease.extend('1m');
    expect(await lease.release()).to.equal(true);
    expect(sentSteps()).to.deep.equal(['columns', 'ask', 'renew', 'release']);
  });

  it('a lock that somebody else has is busy, and no error', async () => {
    instead['ask'] = [[{ now: String(NOW) }]];
    expect(await locks.tryAcquire('job')).to.equal(undefined);
  });

  it('a lock that somebody else has is waited for in its line, and confirmed when it was handed over', async () => {
    instead['ask'] = [[{ now: String(NOW) }]];
    server.answer = standingFirst(server.answer);
    const lease = await locks.acquire('job', { polling: () => 5 });
    expect(lease.held).to.equal(true);
    expect(sentSteps()).to.deep.equal(['columns', 'ask', 'join', 'look', 'confirm']);
  });

  it('a table that is missing is made once', async () => {
    instead['columns'] = [[{ column: null, now: String(NOW) }]];
    await locks.acquire('job');
    expect(sentSteps()).to.deep.equal(['columns', 'create', 'ask']);
  });

  for (const [number, what] of [
    [1205, 'a deadlock'],
    [1222, 'a lock that did not come in time'],
    [3960, 'a snapshot conflict'],
    [2627, 'a row that somebody made meanwhile'],
  ] as const) {
    it(`${what} (${number}) is tried again by the same owner on the same connection`, async () => {
      instead['ask'] = [serverError(number)];
      await locks.acquire('job');
      const [first, second] = sent('ask');
      expect(valueOf(second as SentBatch, 1)).to.equal(valueOf(first as SentBatch, 1));
      expect(second?.connection).to.equal(first?.connection);
    });
  }

  it('what the server refuses is an error at once', async () => {
    instead['ask'] = [serverError(229)];
    expect(await rejection(locks.acquire('job'))).to.be.instanceOf(LockStoreError);
    expect(sent('ask')).to.have.length(1);
  });

  it('a connection that is lost before the answer is replaced, and the same owner asks again', async () => {
    instead['ask'] = ['lost'];
    await locks.acquire('job');
    const [first, second] = sent('ask');
    expect(valueOf(second as SentBatch, 1)).to.equal(valueOf(first as SentBatch, 1));
    expect([first?.connection.closed, second?.connection.closed]).to.deep.equal([true, false]);
  });

  it('an idle connection that breaks is nobody’s error, and is not used again', async () => {
    await (await locks.acquire('job')).release();
    const [broken] = server.connections;
    broken?.emit('error', Object.assign(new Error('reset'), { code: 'ESOCKET' }));
    await locks.acquire('job');
    expect(broken?.closed).to.equal(true);
    expect(sent('ask')[1]?.connection).to.not.equal(broken);
  });

  it('an idle connection does not keep the process alive', async () => {
    await (await locks.acquire('job')).release();
    expect(server.connections.map(({ keepsAlive }) => keepsAlive)).to.deep.equal([false]);
  });

  it('values are sent apart from the text: text of one declared length, numbers whole', async () => {
    await locks.acquire("it's; DROP TABLE x --", { label: 'né' });
    const [ask] = sent('ask');
    expect(ask?.parameters.map(({ name }) => name)).to.deep.equal(['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7']);
    expect(ask?.parameters[0]).to.include({ type: 'NVarChar', value: "it's; DROP TABLE x --", length: 4_000 });
    expect(ask?.parameters[2]).to.include({ type: 'BigInt', value: 30_000 });
    expect(ask?.parameters[5]).to.include({ type: 'NVarChar', value: 'né' });
    expect(ask?.sql).to.not.contain('DROP');
    expect(ask?.timeoutMs).to.equal(10_000);
  });

  it('a list that is longer than text may be is declared without an end', async () => {
    const lease = await locks.acquire('job');
    const [connection] = server.connections;
    const { statement } = mssql.statements({ table: 'distributed_lock' }).look(Array(200).fill({ key: 'job', owner: freshOwner() }));
    // The double is what the driver was handed all along.
    await mssql.driver.run(connection as never, statement);
    expect(sent('look')[0]?.parameters[0]).to.include({ type: 'NVarChar', length: Infinity });
    await lease.release();
  });

  it('a fence is bound as Sequelize binds, within the application’s transaction, before its COMMIT', async () => {
    const lease = await locks.acquire('job');
    await lease.transaction(async () => undefined);
    const [fence] = sent('fence');
    expect(fence?.sql).to.contain('OPENJSON(@0)').and.not.contain('$1');
    expect(ownersIn(fence as SentBatch)).to.deep.equal([valueOf(sent('ask')[0] as SentBatch, 1)]);
    expect(fence?.connection).to.not.equal(sent('ask')[0]?.connection);
    expect(fence?.connection.transactions).to.deep.equal(['begin', 'commit']);
  });

  it('a fence that does not find the owner rolls the transaction back', async () => {
    const lease = await locks.acquire('job');
    instead['fence'] = [[]];
    instead['look'] = [[{ ...granted(freshOwner()), asker: valueOf(sent('ask')[0] as SentBatch, 1) }]];
    const error = await rejection(lease.transaction(async () => undefined));
    expect(error).to.be.instanceOf(LeaseLostError).and.include({ reason: 'taken' });
    expect(sent('fence')[0]?.connection.transactions).to.deep.equal(['begin', 'rollback']);
  });
});

describe('The driver that SQL Server’s double stands for', () => {
  it('has all that is used of it', () => {
    const used: [object, readonly string[]][] = [
      [Connection.prototype, ['execSql', 'close', 'on', 'removeAllListeners']],
      [Request.prototype, ['addParameter', 'on', 'setTimeout']],
    ];
    for (const [prototype, methods] of used) expect(methods.filter((method) => !(method in prototype))).to.deep.equal([]);
  });

  it('declares text by the length that it is told, and as max where that has no end', () => {
    const declared = (length: number) =>
      TYPES.NVarChar.declaration({ type: TYPES.NVarChar, name: 'p1', value: 'job', output: false, length });
    expect([declared(4_000), declared(Infinity)]).to.deep.equal(['nvarchar(4000)', 'nvarchar(max)']);
  });

  for (const [what, listen] of [
    ['that does not listen', undefined],
    ['that hangs up', (socket: Socket) => void socket.destroy()],
  ] as const) {
    it(`to a server ${what}, a connection is worth another try, and no error is left over`, async () => {
      const server = createServer(listen).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      if (!listen) await close(server);
      const sequelize = connect(`mssql://sa:secret@127.0.0.1:${port}/db`);
      const error = await rejection(new LockTable({ dialect: 'mssql' } as TestDatabase, { sequelize }).create());
      expect((error as StatementError).failure).to.deep.equal({ outcome: 'not-done', transient: true });
      await sequelize.close();
      if (listen) await close(server);
    });
  }

  const close = (server: Server) => new Promise((closed) => server.close(closed));
});
