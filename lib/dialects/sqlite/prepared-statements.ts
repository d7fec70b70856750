import type { Row } from '../../contracts/session.js';
import type { SqliteDatabase, SqliteStatement } from './database.js';

/**
 * The statements of one connection, each prepared once: SQLite would spend four times as long on reading an ask as on carrying it out.
 * By their text, because registries with different tables share an in-memory database.
 */
export class PreparedStatements {
  readonly #database: SqliteDatabase;
  readonly #byText = new Map<string, Promise<SqliteStatement>>();
  readonly #unfinalized = new Set<SqliteStatement>();

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async all(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    const statement = await (this.#byText.get(text) ?? this.#prepare(text));
    return new Promise((resolve, reject) => {
      // One that failed (a busy file, above all) stays in the middle of its transaction until it is reset, and whatever ran meanwhile
      // would be answered and never committed (https://www.sqlite.org/c3ref/step.html, https://www.sqlite.org/lang_transaction.html).
      statement.all(values, (error, rows) => (error ? statement.reset(() => reject(error)) : resolve(rows)));
    });
  }

  /** SQLite closes no connection that has statements left (https://www.sqlite.org/c3ref/close.html). One under way ends first. */
  finalize(): void {
    for (const statement of this.#unfinalized) statement.finalize();
    this.#unfinalized.clear();
    this.#byText.clear();
  }

  #prepare(text: string): Promise<SqliteStatement> {
    const prepared = new Promise<SqliteStatement>((resolve, reject) => {
      const statement = this.#database.prepare(text, (error) => {
        if (!error) return resolve(statement);
        // Without its table it is worth another try when there is one.
        this.#byText.delete(text);
        this.#unfinalized.delete(statement);
        reject(error);
      });
      this.#unfinalized.add(statement);
    });
    this.#byText.set(text, prepared);
    return prepared;
  }
}
