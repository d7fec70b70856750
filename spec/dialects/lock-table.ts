import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { QueryTypes, type Sequelize } from 'sequelize';
import { ConnectionPool } from '../../lib/adapters/connection-pool.js';
import { sequelizeSource } from '../../lib/adapters/sequelize-source.js';
import { systemClock } from '../../lib/adapters/system-clock.js';
import type { Claim, Dialect, LockStatements, Release, Stand, Step } from '../../lib/contracts/dialect.js';
import type { StatementError } from '../../lib/contracts/session.js';
import { parseTableName } from '../../lib/core/table-name.js';
import { mariadb } from '../../lib/dialects/mariadb/index.js';
import { mssql } from '../../lib/dialects/mssql/index.js';
import { mysql } from '../../lib/dialects/mysql/index.js';
import { postgres } from '../../lib/dialects/postgres/index.js';
import { sqlite } from '../../lib/dialects/sqlite/index.js';
import type { DialectName, TestDatabase } from '../support/databases.js';

export const dialects: Readonly<Record<DialectName, Dialect>> = { mariadb, mssql, mysql, postgres, sqlite };

export const MINUTE = 60_000;

const NUMBERS = ['token', 'token_top', 'acquired_at', 'expires_at', 'released_at', 'line_until'] as const;

/** A lock's row as it is in the table. */
export type StoredRow = Readonly<Record<(typeof NUMBERS)[number], number>> & {
  readonly owner: string | null;
  readonly holder: string;
  readonly label: string;
  readonly line: string;
};

/** How a table is named in a statement. */
const inSql: Readonly<Record<DialectName, (table: string) => string>> = {
  mariadb: (table) => table,
  mssql: (table) => table,
  mysql: (table) => table,
  postgres: (table) => table,
  sqlite: (table) => `"${table}"`,
};

export const freshName = () => `lock ${randomBytes(6).toString('hex')}`;
export const freshOwner = () => randomBytes(16).toString('hex');

/** A table of locks on a real database, with connections of its own, and no engine above its statements. */
export class LockTable {
  readonly dialect: Dialect;
  readonly statements: LockStatements;
  readonly #table: string;
  readonly #sequelize: Sequelize;
  readonly #pool: ConnectionPool;

  constructor(database: TestDatabase, { table = 'distributed_lock', connections = 1, sequelize = database.newSequelize() } = {}) {
    const name = parseTableName(table);
    this.dialect = dialects[database.dialect];
    this.statements = this.dialect.statements(name);
    this.#table = inSql[database.dialect](table);
    this.#sequelize = sequelize;
    this.#pool = new ConnectionPool(sequelizeSource(sequelize), this.dialect.driver, systemClock, { max: connections, idleMs: 10_000 });
  }

  /** Runs one statement. Rejects if it takes two seconds: no statement has anything to wait for but the disk. */
  async run<Answer>({ statement, read }: Step<Answer>): Promise<Answer> {
    return read(await this.#pool.run(() => statement, 2_000));
  }

  /** The same, and again while the server says that it did nothing and may do it soon, as a retry policy would; only SQLite may say so. */
  async runPatiently<Answer>(step: Step<Answer>): Promise<Answer> {
    for (;;) {
      try {
        return step.read(await this.#pool.run(() => step.statement, 4_000));
      } catch (error) {
        const { outcome, transient } = (error as StatementError).failure;
        if (this.dialect.name !== 'sqlite' || outcome !== 'not-done' || !transient) throw error;
        await setTimeout(randomInt(1, 10));
      }
    }
  }

  create = () => this.run(this.statements.create());
  ask = (name: string, claim?: Partial<Claim>) => this.run(this.statements.ask(claimOf(name, claim)));
  join = (name: string, claim?: Partial<Claim & { waitMs: number }>) =>
    this.run(this.statements.join({ ...claimOf(name, claim), waitMs: claim?.waitMs ?? MINUTE }));
  confirm = (name: string, claim?: Partial<Claim>) => this.run(this.statements.confirm(claimOf(name, claim)));
  look = (...stands: Stand[]) => this.run(this.statements.look(stands));
  release = (name: string, owner: string, release: Partial<Release> = {}) =>
    this.run(this.statements.release(releaseOf(name, owner, release)));
  leave = (name: string, owner: string) => this.run(this.statements.leave(releaseOf(name, owner)));

  /** Takes a lock that must be free. */
  async hold(name: string, claim: Partial<Claim> = {}) {
    const owner = claim.owner ?? freshOwner();
    const answer = await this.ask(name, { ...claim, owner });
    if (answer.kind !== 'granted') throw new Error(`"${name}" should have been free, and was ${answer.kind}.`);
    return { owner, ...answer.grant };
  }

  /** Puts a waiter in line behind a holder. */
  async stand(name: string, { waitMs = MINUTE } = {}): Promise<string> {
    const owner = freshOwner();
    const answer = await this.join(name, { owner, waitMs });
    if (answer.kind !== 'waiting') throw new Error(`The line of "${name}" should have had room, and it was ${answer.kind}.`);
    return owner;
  }

  async row(name: string): Promise<StoredRow | undefined> {
    const [row] = await this.query(`SELECT * FROM ${this.#table} WHERE name = :name`, { name });
    if (!row) return undefined;
    // What the last statement thought of it, where a dialect keeps that, is no part of the lock.
    const kept = Object.entries(row).filter(([column]) => column !== 'verdict');
    return { ...Object.fromEntries(kept), ...Object.fromEntries(NUMBERS.map((column) => [column, Number(row[column])])) } as StoredRow;
  }

  /** As if `ms` had passed since the row was last written. */
  async age(name: string, ms = MINUTE): Promise<void> {
    const aged = ['acquired_at', 'expires_at', 'released_at', 'line_until'].map((column) => `${column} = ${column} - :ms`);
    await this.query(`UPDATE ${this.#table} SET ${aged.join(', ')} WHERE name = :name`, { name, ms });
  }

  /** Runs other SQL, `%` standing for the table, on the application's own connection. */
  async query(sql: string, replacements: Record<string, unknown> = {}): Promise<Record<string, unknown>[]> {
    const text = sql.replace('%', this.#table);
    if (/^(SELECT|WITH|PRAGMA)|RETURNING/.test(text)) return this.#sequelize.query(text, { replacements, type: QueryTypes.SELECT });
    await this.#sequelize.query(text, { replacements, type: QueryTypes.RAW });
    return [];
  }

  close = () => this.#pool.close(1_000);
}

/** What a claim of the specs is, where nothing else is said: a lease of a minute, reserved for ten seconds by a hand-over. */
export const claimOf = (name: string, claim: Partial<Claim> = {}): Claim => ({
  key: name,
  owner: freshOwner(),
  ttlMs: MINUTE,
  claimMs: 10_000,
  holder: 'host 1',
  label: 'spec',
  notAfter: undefined,
  ...claim,
});

export const releaseOf = (name: string, owner: string, release: Partial<Release> = {}): Release => ({
  key: name,
  owner,
  usedToken: 0,
  restMs: 0,
  claimMs: 10_000,
  ...release,
});

/** The ids of a line. */
export const idsIn = (line: string | undefined) => (line === undefined || line === '' ? [] : line.slice(0, -1).split(','));
