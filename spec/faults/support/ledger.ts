import { QueryTypes, type Sequelize } from 'sequelize';
import { connect } from '../../support/databases.js';

/** A write that counted. */
export interface Entry {
  readonly sequence: number;
  readonly lock: string;
  readonly token: number;
  readonly value: number;
}

/**
 * What the locks protect: a number each that is read, then written one higher, by whoever has the highest token so far. It is reached
 * past everything that fails on demand, except for the server.
 */
export class Ledger {
  readonly #sequelize: Sequelize;
  readonly #isFile: boolean;

  constructor(url: string) {
    this.#isFile = url.startsWith('sqlite:');
    // The database's default isolation is one of the faults.
    const dialectOptions = this.#isFile
      ? {}
      : { options: '-c default_transaction_isolation=read\\ committed', connectionTimeoutMillis: 2_000 };
    this.#sequelize = connect(url, { pool: { max: 2 }, dialectOptions });
  }

  async create(lock: string): Promise<void> {
    const key = this.#isFile ? 'integer PRIMARY KEY AUTOINCREMENT' : 'bigserial PRIMARY KEY';
    if (this.#isFile) await this.#sequelize.query('PRAGMA journal_mode = WAL');
    await this.#sequelize.query('CREATE TABLE ledger (lock text PRIMARY KEY, token bigint NOT NULL, value bigint NOT NULL)');
    await this.#sequelize.query(`CREATE TABLE ledger_entry (sequence ${key}, lock text, token bigint, value bigint)`);
    if (this.#isFile) await this.#sequelize.query(TRIGGER);
    await this.#sequelize.query('INSERT INTO ledger (lock, token, value) VALUES (:lock, 0, 0)', { replacements: { lock } });
  }

  /** Reads, and shuts out everybody with a lower token from then on; `undefined` for who is shut out. */
  async enter(lock: string, token: number): Promise<number | undefined> {
    const [row] = await this.#ask<{ value: unknown }>(
      'UPDATE ledger SET token = :token WHERE lock = :lock AND token <= :token RETURNING value',
      { lock, token },
    );
    return row && Number(row.value);
  }

  /** False for who is shut out. The entry's number is drawn under the row's lock, so entries are numbered in the order of their commits. */
  async write(lock: string, token: number, value: number): Promise<boolean> {
    const update = 'UPDATE ledger SET token = :token, value = :value WHERE lock = :lock AND token <= :token RETURNING lock, token, value';
    const statement = this.#isFile
      ? update
      : `WITH written AS (${update}) INSERT INTO ledger_entry (lock, token, value) SELECT lock, token, value FROM written RETURNING value`;
    return (await this.#ask(statement, { lock, token, value })).length > 0;
  }

  async entries(): Promise<Entry[]> {
    const rows = await this.#ask<Record<keyof Entry, unknown>>(
      'SELECT sequence, lock, token, value FROM ledger_entry ORDER BY sequence',
      {},
    );
    return rows.map(({ sequence, lock, token, value }) => ({
      sequence: Number(sequence),
      lock: String(lock),
      token: Number(token),
      value: Number(value),
    }));
  }

  async close(): Promise<void> {
    await this.#sequelize.close();
  }

  #ask<T extends object>(sql: string, replacements: Record<string, unknown>): Promise<T[]> {
    // Not in the transaction of whoever asks, which CLS would have it join.
    return this.#sequelize.query<T>(sql, { replacements, type: QueryTypes.SELECT, transaction: null });
  }
}

const TRIGGER = `CREATE TRIGGER written AFTER UPDATE OF value ON ledger BEGIN
  INSERT INTO ledger_entry (lock, token, value) VALUES (NEW.lock, NEW.token, NEW.value); END`;
