import { expect } from 'chai';
import { ConnectionError } from 'sequelize';
import type { Failure, StatementError } from '../../lib/contracts/session.js';
import { FollowUpError } from '../../lib/dialects/sql/follow-ups.js';
import { mariadb } from '../../lib/dialects/mariadb/index.js';
import { mysql } from '../../lib/dialects/mysql/index.js';
import { postgres } from '../../lib/dialects/postgres/index.js';
import { sqlite } from '../../lib/dialects/sqlite/index.js';
import { connect, onDatabase } from '../support/databases.js';
import { LockTable } from './lock-table.js';

const UNKNOWN: Failure = { outcome: 'unknown', transient: true };
const NOT_DONE: Failure = { outcome: 'not-done', transient: true };
const CONFLICT: Failure = { ...NOT_DONE, conflict: true };
const REFUSED: Failure = { outcome: 'not-done', transient: false };
const MISSING_TABLE: Failure = { outcome: 'not-done', transient: false, missingTable: true };

type Codes = Readonly<Record<string, string>>;

/** One spec a code; `error` makes what the driver throws for it. */
function each(means: string, codes: Codes, check: (code: string) => void): void {
  for (const [code, name] of Object.entries(codes)) it(`${code} (${name}) means ${means}`, () => check(code));
}

const IT_MAY_BE_DONE = 'that it may have been done, and another try is worth while';
const NOTHING_HAPPENED = 'that nothing was done, and another try is worth while';
const OTHERS_WERE_FASTER = 'that nothing was done because others were faster, and another try is worth while';
const NOTHING_WILL_HAPPEN = 'that nothing was done, nor will be';
const NO_TABLE = 'that nothing was done, and that the table is worth a look';

describe('Errors of PostgreSQL', () => {
  const fromServer = (code: string) => Object.assign(new Error('a message that nobody reads'), { code, severity: 'ERROR' });
  const sent = (code: string) => postgres.driver.classify(fromServer(code), true);

  each(
    NOTHING_HAPPENED,
    {
      '55P03': 'lock not available',
      '53300': 'too many connections',
      '53100': 'disk full',
      '53200': 'out of memory',
      '57P03': 'cannot connect now',
      '42P05': 'duplicate prepared statement: a pooler',
      '26000': 'invalid statement name: a pooler',
    },
    (code) => expect(sent(code)).to.deep.equal(NOT_DONE),
  );

  each(OTHERS_WERE_FASTER, { '40001': 'serialization failure', '40P01': 'deadlock detected' }, (code) =>
    expect(sent(code)).to.deep.equal(CONFLICT),
  );

  it('25006 (read-only transaction: a standby) means that nothing was done, and that the connection leads nowhere', () => {
    expect(sent('25006')).to.deep.equal({ ...NOT_DONE, useless: true });
  });

  each(
    IT_MAY_BE_DONE,
    {
      '57P01': 'admin shutdown',
      '57P02': 'crash shutdown',
      '57014': 'query canceled, by a time-out too',
      '08006': 'connection failure',
      '08003': 'connection does not exist',
      '40003': 'statement completion unknown',
    },
    (code) => expect(sent(code)).to.deep.equal(UNKNOWN),
  );

  each(
    NOTHING_WILL_HAPPEN,
    {
      '42501': 'insufficient privilege',
      '42601': 'syntax error',
      '23505': 'unique violation',
      '22P02': 'invalid text representation',
      '28P01': 'invalid password',
      '28000': 'invalid authorization',
      '3D000': 'no such database',
      XX000: 'internal error',
    },
    (code) => expect(sent(code)).to.deep.equal(REFUSED),
  );

  each(NO_TABLE, { '42P01': 'undefined table', '3F000': 'undefined schema', '42703': 'undefined column' }, (code) =>
    expect(sent(code)).to.deep.equal(MISSING_TABLE),
  );

  for (const code of ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNREFUSED', 'ERR_ASSERTION', undefined]) {
    it(`${code ?? 'no code'} means that it may have been done where it was sent, and that it was not where it was not`, () => {
      const error = Object.assign(new Error('Connection terminated unexpectedly'), code && { code });
      expect(postgres.driver.classify(error, true)).to.deep.equal(UNKNOWN);
      expect(postgres.driver.classify(error, false)).to.deep.equal(NOT_DONE);
    });
  }

  it('a driver’s code of five letters is not taken for one of the server', () => {
    expect(postgres.driver.classify(Object.assign(new Error(), { code: 'EPERM' }), true)).to.deep.equal(UNKNOWN);
  });

  it('whatever the server says to a connection that was being made, nothing was done', () => {
    expect(postgres.driver.classify(fromServer('57P01'), false)).to.deep.equal(NOT_DONE);
    expect(postgres.driver.classify(fromServer('08006'), false)).to.deep.equal(NOT_DONE);
  });

  it('are found behind the error that Sequelize makes of them', () => {
    expect(postgres.driver.classify(new ConnectionError(fromServer('28P01')), false)).to.deep.equal(REFUSED);
    expect(postgres.driver.classify(new ConnectionError(fromServer('53300')), false)).to.deep.equal(NOT_DONE);
  });

  it('may be no errors at all', () => {
    for (const thrown of [undefined, null, 'text', 42]) expect(postgres.driver.classify(thrown, true)).to.deep.equal(UNKNOWN);
  });
});

describe('Errors of SQLite', () => {
  const fromDriver = (code: string) => Object.assign(new Error('a message that nobody reads'), { code, errno: 1 });
  const sent = (code: string) => sqlite.driver.classify(fromDriver(code), true);

  each(
    NOTHING_HAPPENED,
    {
      SQLITE_BUSY: 'another connection writes',
      SQLITE_LOCKED: 'likewise in a shared cache',
      SQLITE_PROTOCOL: 'a race for the lock of a WAL file',
      SQLITE_SCHEMA: 'the schema changed',
      SQLITE_INTERRUPT: 'interrupted',
      SQLITE_ABORT: 'rolled back',
      SQLITE_FULL: 'disk full',
      SQLITE_NOMEM: 'out of memory',
      SQLITE_MISUSE: 'the connection is closed',
    },
    (code) => expect(sent(code)).to.deep.equal(NOT_DONE),
  );

  each(IT_MAY_BE_DONE, { SQLITE_IOERR: 'the disk failed, perhaps in a commit' }, (code) => expect(sent(code)).to.deep.equal(UNKNOWN));

  each(
    NOTHING_WILL_HAPPEN,
    {
      SQLITE_READONLY: 'a file that may only be read',
      SQLITE_CANTOPEN: 'no file, or a folder',
      SQLITE_NOTADB: 'encrypted, or no database',
      SQLITE_CORRUPT: 'damaged',
      SQLITE_CONSTRAINT: 'a value that does not belong there',
      SQLITE_PERM: 'access denied',
      SQLITE_AUTH: 'not allowed',
    },
    (code) => expect(sent(code)).to.deep.equal(REFUSED),
  );

  each(NO_TABLE, { SQLITE_ERROR: 'no such table, among other things' }, (code) => expect(sent(code)).to.deep.equal(MISSING_TABLE));

  it('without a code mean that it may have been done where it was sent, and that it was not where it was not', () => {
    for (const error of [new Error(), Object.assign(new Error(), { code: 'ENOENT' }), undefined, null, 'text']) {
      expect(sqlite.driver.classify(error, true)).to.deep.equal(UNKNOWN);
      expect(sqlite.driver.classify(error, false)).to.deep.equal(NOT_DONE);
    }
  });

  it('are found behind the error that Sequelize makes of them', () => {
    expect(sqlite.driver.classify(new ConnectionError(fromDriver('SQLITE_CANTOPEN')), false)).to.deep.equal(REFUSED);
    expect(sqlite.driver.classify(new ConnectionError(fromDriver('SQLITE_IOERR')), false)).to.deep.equal(NOT_DONE);
  });
});

for (const [title, { driver }] of [
  ['mysql2', mysql],
  ['mariadb', mariadb],
] as const) {
  describe(`Errors of MySQL and MariaDB, through ${title}`, () => {
    const fromServer = (errno: number, sqlState = 'HY000') =>
      Object.assign(new Error('a message that nobody reads'), { code: 'ER_NOBODY_READS', errno, sqlState });
    const sent = (code: string) => driver.classify(fromServer(Number(code)), true);

    each(
      NOTHING_HAPPENED,
      {
        1205: 'lock wait timeout',
        3572: 'a lock that was not to be waited for',
        1040: 'too many connections',
        1203: 'too many connections of the user',
        1226: 'more than the user may',
        1461: 'too many prepared statements',
        1615: 'to be prepared again',
        1412: 'table definition changed',
        1021: 'disk full',
        1041: 'out of memory',
        1114: 'table full',
      },
      (code) => expect(sent(code)).to.deep.equal(NOT_DONE),
    );

    each(OTHERS_WERE_FASTER, { 1213: 'deadlock, or a conflict between nodes', 1020: 'changed since the snapshot' }, (code) =>
      expect(sent(code)).to.deep.equal(CONFLICT),
    );

    each(
      'that nothing was done, and that the connection leads nowhere',
      {
        1047: 'a node without its cluster',
        1290: 'read_only',
        1792: 'read-only transaction',
        1836: 'read-only mode',
        1243: 'another server',
      },
      (code) => expect(sent(code)).to.deep.equal({ ...NOT_DONE, useless: true }),
    );

    each(
      IT_MAY_BE_DONE,
      {
        1053: 'server shutdown',
        1180: 'error during commit',
        1317: 'query interrupted',
        1927: 'connection killed',
        1969: 'statement timeout',
        3024: 'query timeout',
        1159: 'network timeout',
        4031: 'closed by the server',
      },
      (code) => expect(sent(code)).to.deep.equal(UNKNOWN),
    );

    each(
      NOTHING_WILL_HAPPEN,
      {
        1044: 'access to the database denied',
        1045: 'access denied',
        1142: 'no right to the table',
        1062: 'duplicate entry',
        1064: 'syntax error',
        1406: 'data too long',
        1665: 'binary log in STATEMENT format',
      },
      (code) => expect(sent(code)).to.deep.equal(REFUSED),
    );

    each(NO_TABLE, { 1146: 'no such table', 1049: 'no such schema', 1054: 'no such column', 1176: 'no such key' }, (code) =>
      expect(sent(code)).to.deep.equal(MISSING_TABLE),
    );

    it('1049 (no such database) to a connection that was being made means that nothing was done, nor will be', () => {
      expect(driver.classify(fromServer(1049, '42000'), false)).to.deep.equal(REFUSED);
    });

    for (const [code, errno] of [
      ['ECONNRESET', -104],
      ['EPIPE', -32],
      ['PROTOCOL_CONNECTION_LOST', undefined],
      ['ER_SOCKET_UNEXPECTED_CLOSE', 45_009],
      ['ER_SOCKET_TIMEOUT', 45_026],
      [undefined, undefined],
    ] as const) {
      it(`${code ?? 'no code'} means that it may have been done where it was sent, and that it was not where it was not`, () => {
        const error = Object.assign(new Error('Connection lost'), { code, errno, sqlState: '08S01' });
        expect(driver.classify(error, true)).to.deep.equal(UNKNOWN);
        expect(driver.classify(error, false)).to.deep.equal(NOT_DONE);
      });
    }

    it('whatever the server says to a connection that was being made, nothing was done', () => {
      expect(driver.classify(fromServer(1053, '08S01'), false)).to.deep.equal(NOT_DONE);
    });

    it('are found behind the error that Sequelize makes of them', () => {
      expect(driver.classify(new ConnectionError(fromServer(1045, '28000')), false)).to.deep.equal(REFUSED);
      expect(driver.classify(new ConnectionError(fromServer(1040, '08004')), false)).to.deep.equal(NOT_DONE);
    });

    it('of a statement that followed a change leave that change unknown, never undone', () => {
      const followed = (cause: unknown) => driver.classify(new FollowUpError('', { cause }), true);
      expect(followed(fromServer(1205))).to.deep.equal(UNKNOWN);
      expect(followed(fromServer(1064))).to.deep.equal({ ...REFUSED, outcome: 'unknown' });
      expect(followed(new Error())).to.deep.equal(UNKNOWN);
    });

    it('may be no errors at all', () => {
      for (const thrown of [undefined, null, 'text', 42]) expect(driver.classify(thrown, true)).to.deep.equal(UNKNOWN);
    });
  });
}

for (const dialect of ['mariadb', 'mysql'] as const) {
  onDatabase(dialect, `A connection to MariaDB through ${dialect}`, (database) => {
    const failureOf = async (url: string) => {
      const sequelize = connect(url);
      const error = await new LockTable(database(), { sequelize }).create().catch((reason: unknown) => reason);
      await sequelize.close();
      return (error as StatementError).failure;
    };

    it('to a database that does not exist, or as a user who does not, is refused once and for all', async () => {
      expect(await failureOf(database().url.replace(/\/\w+$/, '/no_such_database'))).to.deep.equal(REFUSED);
      expect(await failureOf(database().url.replace(/\/\/.*@/, '//nobody:none@'))).to.deep.equal(REFUSED);
    });

    it('to a server that does not listen is worth another try', async () => {
      expect(await failureOf(`${dialect}://nobody@127.0.0.1:1/none`)).to.deep.equal(NOT_DONE);
    });

    it('that is killed in the middle of a statement leaves it unknown', async () => {
      const table = new LockTable(database());
      const startedAt = performance.now();
      const sleeping = { statement: { id: 'sleep', text: 'SELECT CONNECTION_ID() AS id, SLEEP(5)', values: [] }, read: () => undefined };
      const failure = table.run(sleeping).catch((reason: unknown) => (reason as StatementError).failure);
      const busy = `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND LOCATE('SLEEP', info) > 0 AND id <> CONNECTION_ID()`;
      let [found] = await table.query(busy);
      while (!found) [found] = await table.query(busy);
      await table.query(`KILL ${String(found['id'])}`);
      expect(await failure).to.deep.equal(UNKNOWN);
      expect(performance.now() - startedAt).to.be.below(1_500); // not by the deadline of the statement
      await table.close();
    });
  });
}

onDatabase('postgres', 'A connection to PostgreSQL', (database) => {
  const failureOf = async (url: string) => {
    const sequelize = connect(url);
    const error = await new LockTable(database(), { sequelize }).create().catch((reason: unknown) => reason);
    await sequelize.close();
    return (error as StatementError).failure;
  };

  it('to a database that does not exist is refused once and for all', async () => {
    expect(await failureOf(database().url.replace(/\/\w+$/, '/no_such_database'))).to.deep.equal(REFUSED);
  });

  it('to a server that does not listen is worth another try', async () => {
    expect(await failureOf('postgres://nobody@127.0.0.1:1/none')).to.deep.equal(NOT_DONE);
  });
});
