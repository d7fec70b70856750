import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { ConnectionError } from 'sequelize';
import type { Failure } from '../../lib/contracts/session.js';
import { LOCK_COLUMNS } from '../../lib/core/lock-table.js';
import { parseTableName } from '../../lib/core/table-name.js';
import { diagnose } from '../../lib/dialects/mssql/diagnose.js';
import type { Facts } from '../../lib/dialects/mssql/examine.js';
import { mssql } from '../../lib/dialects/mssql/index.js';
import { tsqlErrors } from '../support/sql-grammar.js';
import { textsOf } from './every-statement.js';
import { claimOf } from './lock-table.js';

const CHECKED_IN = new URL('./mssql.sql', import.meta.url);

/** Every statement of the dialect on one table, by the name of its step. */
const texts = (table: string) => textsOf(mssql.statements(parseTableName(table)));

describe('Statements for SQL Server, without a server', function () {
  this.timeout(20_000); // a grammar of some size, on a machine that may be busy
  this.slow(5_000);

  // As Sequelize binds.
  const bound = (text: string) => text.replaceAll(/\B\$(\d+)/g, '@$1');

  for (const table of ['distributed_lock', 'ops.distributed_lock', "odd.it's [here]"]) {
    describe(`on the table ${table}`, () => {
      for (const [name, text] of Object.entries(texts(table)))
        it(`${name} is T-SQL by its grammar`, () => expect(tsqlErrors(bound(text))).to.deep.equal([]));
    });
  }

  for (const [what, sql] of Object.entries({
    LIMIT: 'UPDATE t SET a = 1 WHERE b = 2 LIMIT 1',
    RETURNING: 'UPDATE t SET a = 1 RETURNING a',
    'ON CONFLICT': 'INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING',
    'ON DUPLICATE KEY': 'INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = 2',
    backticks: 'SELECT `a` FROM t',
    'FOR UPDATE': 'SELECT a FROM t FOR UPDATE',
    'a cast by colons': 'SELECT a::bigint FROM t',
    'question marks': 'SELECT a FROM t WHERE a = ?',
    'IS DISTINCT FROM': 'SELECT a FROM t WHERE a IS NOT DISTINCT FROM 2',
    'a condition that is missing': 'UPDATE l SET a = 1 FROM t l WITH (ROWLOCK) WHERE',
    'a hint that is no hint': 'SELECT a FROM t WITH (SKIP LOCKED)',
    'a BEGIN without END': 'IF @a = 1 BEGIN SELECT 1 AS b;',
  }))
    it(`${what}: the grammar refuses it`, () => expect(tsqlErrors(sql)).to.not.be.empty);

  it('are those that were read and checked in (UPDATE=1 writes them)', () => {
    const made = Object.entries(texts('ops.distributed_lock')).map(([name, text]) => `-- ${name}\n${text.trim()}\n`);
    if (process.env.UPDATE === '1') writeFileSync(CHECKED_IN, made.join('\n'));
    else expect(readFileSync(CHECKED_IN, 'utf8')).to.equal(made.join('\n'));
  });

  it('carry every value that they declare, and declare none twice', () => {
    const statements = mssql.statements(parseTableName('t'));
    for (const { statement } of [
      statements.ask(claimOf('job')),
      statements.join({ ...claimOf('job'), waitMs: 1 }),
      statements.list('job'),
    ]) {
      const declared = [...statement.text.matchAll(/@p(\d+)\b/g)].map(([, at]) => Number(at));
      expect(declared).to.deep.equal(statement.values.map((_, at) => at + 1));
    }
  });

  it('use no value that is not declared', () => {
    for (const [name, text] of Object.entries(texts('t'))) {
      const declared = new Set(
        [...text.matchAll(/(?:DECLARE |, )(@\w+) (?:bigint|int|varchar|nvarchar|TABLE)\b/gi)].map(([, variable]) => variable),
      );
      const ofServer = /^@(p\d+|Resource|LockMode|LockOwner|LockTimeout)$/;
      const used = [...text.matchAll(/(?<!@)@\w+/g)].map(([variable]) => variable).filter((variable) => !ofServer.test(variable));
      expect(
        used.filter((variable) => !declared.has(variable)),
        name,
      ).to.deep.equal([]);
    }
  });

  it('make a table that has all columns of a lock table', () => {
    const sql = mssql.statements({ table: 't' }).createSql();
    expect(LOCK_COLUMNS.filter((column) => !new RegExp(`^  ${column} \\w+`, 'm').test(sql))).to.deep.equal([]);
  });

  it('read an ask that came too late as late, and one that was given to another as busy', () => {
    const claim = claimOf('job', { notAfter: 5 });
    const { read } = mssql.statements({ table: 't' }).ask(claim);
    expect(read([{ now: '6' }])).to.deep.equal({ kind: 'late', now: 6 });
    expect(read([{ now: '5' }])).to.deep.equal({ kind: 'busy', now: 5, occupant: undefined });
    const granted = { owner: claim.owner, token: '7', token_top: '8', acquired_at: '5', line: '', now: '5' };
    expect(read([granted])).to.deep.equal({ kind: 'granted', grant: { token: 7, tokenTop: 8, acquiredAt: 5, now: 5, waiters: 0 } });
  });

  it('read what became of each renewal', () => {
    const asked = (...owners: string[]) =>
      mssql.statements({ table: 't' }).renew(owners.map((owner) => ({ key: 'job', owner, ttlMs: 1, token: 1 })));
    const rows = [
      { asker: 'a', now: '5', token_top: '9', waiters: 2 },
      { asker: 'a', name: 'job', owner: 'a', revoked: false },
      { asker: 'b', name: null, owner: null, revoked: null },
      { asker: 'c', name: 'job', owner: null, revoked: false },
      { asker: 'd', name: 'job', owner: 'a', revoked: false },
      { asker: 'e', name: 'job', owner: 'e', revoked: true },
    ];
    expect(asked('a', 'b', 'c', 'd', 'e').read(rows)).to.deep.equal([
      { owner: 'a', kind: 'renewed', tokenTop: 9, now: 5, waiters: 2 },
      { owner: 'b', kind: 'deleted' },
      { owner: 'c', kind: 'revoked' },
      { owner: 'd', kind: 'taken' },
      { owner: 'e', kind: 'revoked' },
    ]);
  });
});

describe('Errors of SQL Server', () => {
  const UNKNOWN: Failure = { outcome: 'unknown', transient: true };
  const NOT_DONE: Failure = { outcome: 'not-done', transient: true };
  const CONFLICT: Failure = { ...NOT_DONE, conflict: true };
  const REFUSED: Failure = { outcome: 'not-done', transient: false };
  const classify = (error: unknown, sent: boolean) => mssql.driver.classify(error, sent);
  const fromServer = (number: number, more: object = {}) =>
    Object.assign(new Error('a message that nobody reads'), { code: 'EREQUEST', number, class: 16, ...more });
  const fromDriver = (code: string, more: object = {}) => Object.assign(new Error('a message that nobody reads'), { code, ...more });

  const each = (means: string, numbers: Readonly<Record<number, string>>, failure: Failure): void => {
    for (const [number, name] of Object.entries(numbers))
      it(`${number} (${name}) means ${means}`, () => expect(classify(fromServer(Number(number)), true)).to.deep.equal(failure));
  };

  each(
    'that nothing was done, and another try is worth while',
    {
      1222: 'lock time-out',
      2714: 'the table is there',
      701: 'out of memory',
      9002: 'log full',
      10928: 'too many sessions',
      10929: 'likewise',
      40501: 'service busy',
      49918: 'too many operations',
    },
    NOT_DONE,
  );
  each(
    'that nothing was done because others were faster, and another try is worth while',
    { 1205: 'deadlock', 3960: 'snapshot conflict', 2627: 'duplicate key of a constraint', 2601: 'duplicate key of an index' },
    CONFLICT,
  );
  each(
    'that nothing was done, and that the connection leads nowhere',
    { 3906: 'read-only database', 976: 'secondary replica', 983: 'replica in between' },
    { ...NOT_DONE, useless: true },
  );
  each(
    'that it may have been done, and another try is worth while',
    { 40197: 'failover', 40613: 'database not available', 596: 'session killed', 233: 'no process at the other end', 10054: 'reset' },
    UNKNOWN,
  );
  each(
    'that nothing was done, and that the table is worth a look',
    { 208: 'no such table', 207: 'no such column', 308: 'no such index', 2760: 'no such schema' },
    { ...REFUSED, missingTable: true },
  );
  each(
    'that nothing was done, nor will be',
    { 102: 'syntax', 229: 'no permission', 262: 'no permission to create', 515: 'null', 8152: 'too long', 650: 'READPAST here' },
    REFUSED,
  );

  it('that end the connection may have been done', () => {
    expect(classify(fromServer(21, { class: 20 }), true)).to.deep.equal(UNKNOWN);
  });

  for (const code of ['ESOCKET', 'ETIMEOUT', 'ECLOSE', 'ECONNCLOSED', 'ECANCEL', undefined]) {
    it(`${code ?? 'no code'} means that it may have been done where it was sent, and that it was not where it was not`, () => {
      const error = code === undefined ? new Error() : fromDriver(code);
      expect(classify(error, true)).to.deep.equal(UNKNOWN);
      expect(classify(error, false)).to.deep.equal(NOT_DONE);
    });
  }

  it('EINVALIDSTATE means that nothing was sent, and that the connection is of no use', () => {
    expect(classify(fromDriver('EINVALIDSTATE'), true)).to.deep.equal({ ...NOT_DONE, useless: true });
  });

  it('ELOGIN means a refusal, unless the driver says that it passes', () => {
    expect(classify(fromDriver('ELOGIN'), false)).to.deep.equal(REFUSED);
    expect(classify(fromDriver('ELOGIN', { isTransient: true }), false)).to.deep.equal(NOT_DONE);
  });

  it('whatever the server says to a connection that was being made, nothing was done', () => {
    expect(classify(fromServer(40613), false)).to.deep.equal(NOT_DONE);
  });

  it('of a batch that met several count as the one that leaves most open, else as the first', () => {
    const several = (...numbers: number[]) => new AggregateError(numbers.map((number) => fromServer(number)));
    expect(classify(several(1205, 40197), true)).to.deep.equal(UNKNOWN);
    expect(classify(several(1205, 3621), true)).to.deep.equal(CONFLICT);
    expect(classify(several(229, 1205), true)).to.deep.equal(REFUSED);
  });

  it('are found behind the error that Sequelize makes of them', () => {
    expect(classify(new ConnectionError(fromDriver('ELOGIN')), false)).to.deep.equal(REFUSED);
    expect(classify(new ConnectionError(fromDriver('ESOCKET')), false)).to.deep.equal(NOT_DONE);
  });

  it('may be no errors at all', () => {
    for (const thrown of [undefined, null, 'text', 42]) expect(classify(thrown, true)).to.deep.equal(UNKNOWN);
  });
});

describe('What puts promises at risk on SQL Server', () => {
  const well: Facts = {
    compatibilityLevel: 150,
    delayedDurability: 'DISABLED',
    updateability: 'READ_WRITE',
    lockEscalation: 'DISABLE',
    asynchronousReplicas: 0,
  };
  const found = (facts: Partial<Facts>) => diagnose({ ...well, ...facts }).map(({ code, level }) => `${code} ${level}`);

  it('is nothing where it is set up well, with or without a table', () => {
    expect([found({}), found({ lockEscalation: '' }), found({ delayedDurability: 'ALLOWED' })]).to.deep.equal([[], [], []]);
  });

  const risks: [Partial<Facts>, string][] = [
    [{ updateability: 'READ_ONLY' }, 'READ_ONLY risk'],
    [{ delayedDurability: 'FORCED' }, 'DELAYED_DURABILITY_FORCED risk'],
    [{ asynchronousReplicas: 2 }, 'ASYNCHRONOUS_REPLICAS risk'],
    [{ compatibilityLevel: 120 }, 'COMPATIBILITY_LEVEL risk'],
    [{ lockEscalation: 'TABLE' }, 'LOCK_ESCALATION advice'],
  ];
  for (const [facts, finding] of risks)
    it(`${JSON.stringify(facts)} is found as ${finding}`, () => expect(found(facts)).to.deep.equal([finding]));
});
