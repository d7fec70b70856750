import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import { QueryTypes, type Sequelize } from 'sequelize';
import { LeaseLostError, LockTableError } from '../lib/index.js';
import { type ContractWorld, freshName, inWorld } from './support/contract-world.js';
import { eachDatabase } from './support/databases.js';

/** What a hand does to the table of locks while they are in use. */
eachDatabase('The table of locks', (database) => {
  /** A spec in a world whose table can be reached by hand. */
  const by = (title: string, run: (world: ContractWorld, sql: (text: string) => Promise<Row[]>) => Promise<void>): void =>
    void it(title, () => inWorld(database(), (world) => run(world, (text) => query(world.application, text)))).timeout(20_000);

  type Row = Record<string, unknown>;
  const query = async (sequelize: Sequelize, text: string): Promise<Row[]> => {
    if (text.startsWith('SELECT')) return sequelize.query(text, { type: QueryTypes.SELECT });
    await sequelize.query(text);
    return [];
  };
  const mark = (): string => (['mariadb', 'mysql'].includes(database().dialect) ? '`' : '"');
  const quoted = (name: string): string =>
    name
      .split('.')
      .map((part) => mark() + part + mark())
      .join(database().dialect === 'sqlite' ? '' : '.');

  const losses = [
    { what: 'deleted', reason: 'deleted', change: (table: string) => `DELETE FROM ${table}` },
    { what: 'given to somebody else', reason: 'taken', change: (table: string) => `UPDATE ${table} SET owner = 'x'` },
    { what: 'emptied of its owner', reason: 'revoked', change: (table: string) => `UPDATE ${table} SET owner = NULL, expires_at = 0` },
    { what: 'revoked', reason: 'revoked', change: (table: string) => `UPDATE ${table} SET revoked = true` },
  ];
  for (const { what, reason, change } of losses) {
    by(`tells the holder within a renewal when its row is ${what}, and does not bring the lease back`, async ({ locks }, sql) => {
      const table = freshName();
      const registry = locks({ table, ttl: 900 });
      const lease = await registry.acquire('job');
      const { signal } = lease;
      await sql(change(table));
      const [before] = await sql(`SELECT * FROM ${table}`);
      const started = Date.now();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      expect(Date.now() - started).to.be.below(800); // a third of the ttl, and some slack; the lease would end later
      expect(signal.reason).to.be.instanceOf(LeaseLostError).and.include({ reason, lockName: 'job' });
      expect(lease.held).to.equal(false);
      expect((await sql(`SELECT * FROM ${table}`))[0]).to.deep.equal(before);
    });
  }

  by('refuses an extension when the row is gone or somebody else\u2019s, and writes nothing', async ({ locks }, sql) => {
    const table = freshName();
    const registry = locks({ table });
    for (const { reason, change } of losses) {
      const lease = await registry.acquire('job');
      await sql(change(table));
      const before = await sql(`SELECT * FROM ${table}`);
      const failure: unknown = await lease.extend('1h').catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(LeaseLostError).and.include({ reason });
      expect(await sql(`SELECT * FROM ${table}`)).to.deep.equal(before);
      expect(await lease.release()).to.equal(false);
      await sql(`DELETE FROM ${table}`);
    }
  });

  by('takes a lock whose row was deleted, free or held, with a higher token', async ({ locks }, sql) => {
    const table = freshName();
    const registry = locks({ table });
    const tokens: number[] = [];
    while (tokens.length < 3) {
      const lease = await registry.acquire('job');
      tokens.push(lease.fencingToken);
      await lease.release();
      await setTimeout(2); // where the clock has milliseconds only, a row that is lost in the same one may repeat its token
      await sql(`DELETE FROM ${table}`);
    }
    expect(tokens).to.deep.equal([...new Set(tokens)].sort((one, other) => one - other));
    await registry.acquire('job');
    await sql(`DELETE FROM ${table}`);
    const taken = await locks({ table }).tryAcquire('job');
    expect(taken?.held).to.equal(true);
  });

  by('tells the holder, at its own deadline or before, when the database\u2019s clock went past the lease', async ({ locks }, sql) => {
    const table = freshName();
    const lease = await locks({ table, ttl: 900 }).acquire('job');
    await sql(`UPDATE ${table} SET expires_at = expires_at - 3600000`); // the row as an hour later
    const next = await locks({ table }).acquire('job');
    await new Promise((resolve) => lease.signal.addEventListener('abort', resolve));
    expect(lease.signal.reason).to.include({ reason: 'taken' });
    expect(next.fencingToken).to.be.above(lease.fencingToken);
    expect(next.held).to.equal(true);
  });

  by('does not bring back a lock that expired and was cleaned away', async ({ locks }, sql) => {
    const table = freshName();
    const registry = locks({ table });
    const lease = await registry.acquire('job', { ttl: 200, renew: false });
    const minute = 60_000;
    await sql(
      `UPDATE ${table} SET expires_at = expires_at - ${minute}, acquired_at = acquired_at - ${minute}, token_top = token_top - ${minute * 1_000}`,
    );
    expect(await registry.prune({ idleFor: '30s' })).to.equal(1);
    await lease.extend('5s').catch(() => undefined);
    expect(await lease.release()).to.equal(false);
    expect(await sql(`SELECT * FROM ${table}`)).to.deep.equal([]);
  });

  by('cleans away what has been free for long enough, and nothing else', async ({ locks }, sql) => {
    const table = freshName();
    const registry = locks({ table });
    await (await registry.acquire('idle')).release();
    await sql(`UPDATE ${table} SET released_at = released_at - 3600000, token_top = token_top - 3600000000`);
    await (await registry.acquire('just released')).release();
    await registry.acquire('held');
    expect(await registry.prune({ idleFor: '2h' })).to.equal(0);
    expect(await registry.prune({ idleFor: '30m' })).to.equal(1);
    expect((await sql(`SELECT name FROM ${table} ORDER BY name`)).map(({ name }) => String(name))).to.deep.equal(['held', 'just released']);
  });

  describe('of somebody else', () => {
    const foreign = {
      'is the table of the original Sequelize Distributed Lock': ['mutex', 'ts', 'node_id'],
      'is not a lock table': ['name', 'owner', 'since'],
    };
    for (const [complaint, columns] of Object.entries(foreign)) {
      by(`is left alone with an error that names its columns, where it ${complaint}`, async ({ locks }, sql) => {
        const table = freshName();
        await sql(`CREATE TABLE ${table} (${columns.map((column) => `${column} text`).join()})`);
        await sql(`INSERT INTO ${table} VALUES ('nightly', 'b', 'c')`);
        const registry = locks({ table });
        const calls = [
          () => registry.acquire('nightly'),
          () => registry.tryAcquire('nightly'),
          () => registry.createTable(),
          () => registry.list(),
        ];
        for (const call of calls) {
          const failure = await call().then(
            () => expect.fail('it should have been refused'),
            (error: unknown) => error,
          );
          expect(failure).to.be.instanceOf(LockTableError).and.include({ code: 'LOCK_TABLE', table });
          expect((failure as LockTableError).columns).to.deep.equal(columns);
          expect((failure as LockTableError).message)
            .to.contain(complaint)
            .and.contain(columns.join(', '));
        }
        expect(await sql(`SELECT * FROM ${table}`)).to.deep.equal([
          { [columns[0] ?? '']: 'nightly', [columns[1] ?? '']: 'b', [columns[2] ?? '']: 'c' },
        ]);
      });
    }
  });

  by('is the same whether the library makes it or the SQL that it tells', async ({ locks, application }, sql) => {
    const [made, migrated] = [freshName(), freshName()];
    await locks({ table: made }).createTable();
    for (const statement of locks({ table: migrated }).createTableSql().split(/;\n/).filter(Boolean)) await sql(statement);
    expect(await definition(application, migrated)).to.deep.equal(await definition(application, made));
    expect((await definition(application, made)).length).to.be.above(0);
    expect((await locks({ table: migrated, create: false }).acquire('job')).held).to.equal(true);
  });

  by('is made with its schema where that is missing', async ({ locks }, sql) => {
    const table = `ops_${freshName()}.distributed_lock`;
    await locks({ table }).acquire('job');
    const name = database().dialect === 'sqlite' ? `"${table}"` : quoted(table);
    expect((await sql(`SELECT name FROM ${name}`)).map(({ name: key }) => String(key))).to.deep.equal(['job']);
  });

  /** Everything that the database knows of a table, its name aside. */
  async function definition(application: Sequelize, table: string): Promise<unknown[]> {
    const here = `table_schema = DATABASE() AND table_name = '${table}'`;
    const ofMariadb = `SELECT column_name AS name, column_type AS type, is_nullable AS more, collation_name AS collation, column_default AS value,
        ordinal_position AS place FROM information_schema.columns WHERE ${here}
      UNION ALL SELECT index_name, column_name, non_unique, NULL, NULL, seq_in_index FROM information_schema.statistics WHERE ${here}
      UNION ALL SELECT engine, row_format, NULL, table_collation, NULL, 0 FROM information_schema.tables WHERE ${here}
      ORDER BY place, name, type`;
    const definitions = {
      mariadb: ofMariadb,
      mssql: `SELECT c.name, y.name AS type, c.max_length AS size, c.is_nullable AS more, c.collation_name AS collation, c.column_id AS place
          FROM sys.columns c JOIN sys.types y ON y.user_type_id = c.user_type_id WHERE c.object_id = OBJECT_ID('${table}')
        UNION ALL SELECT name, type_desc, 0, is_primary_key, NULL, 100 + index_id FROM sys.indexes WHERE object_id = OBJECT_ID('${table}')
        UNION ALL SELECT lock_escalation_desc, NULL, 0, 0, NULL, 200 FROM sys.tables WHERE object_id = OBJECT_ID('${table}')
        ORDER BY place`,
      mysql: ofMariadb,
      sqlite: `SELECT type, sql FROM sqlite_master WHERE tbl_name = '${table}' ORDER BY type, name`,
      postgres: `SELECT column_name::text, data_type, is_nullable, collation_name, column_default, ordinal_position::text, NULL AS more
             FROM information_schema.columns WHERE table_name = '${table}'
           UNION ALL SELECT indexdef, NULL, NULL, NULL, NULL, NULL, NULL FROM pg_indexes WHERE tablename = '${table}'
           UNION ALL SELECT relpersistence::text, NULL, NULL, NULL, NULL, NULL, reloptions::text FROM pg_class WHERE relname = '${table}'
           ORDER BY 1`,
    };
    return JSON.parse(JSON.stringify(await query(application, definitions[database().dialect])).replaceAll(table, 'table')) as unknown[];
  }
});
