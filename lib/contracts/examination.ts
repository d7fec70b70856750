/** Something about the server, or about the lock table, that touches a promise of the README. */
export interface Finding {
  /** Stable, such as `'TABLE_UNLOGGED'`. */
  readonly code: string;
  /** `'risk'`: the promise may be broken as things are; `'advice'`: it holds, and something near it is worth knowing. */
  readonly level: 'risk' | 'advice';
  /** What was found, with its values. */
  readonly what: string;
  /** The promise, in the README's words. */
  readonly promise: string;
  readonly remedy: string;
}

/** What a table is made of. */
export interface TableShape {
  /** Of each column its type with all that belongs to it, as the dialect's catalogue spells it. */
  readonly columns: Readonly<Record<string, string>>;
  /** The columns that are one row's alone together, the primary key first. */
  readonly keys: readonly (readonly string[])[];
}

/** What a dialect has to say of a server and its lock table. */
export interface Examination {
  /** Whole milliseconds of the database's clock since 1970, read when the statement ran. */
  readonly now: number;
  /** `undefined` where there is none. */
  readonly table: TableShape | undefined;
  /** The table as this version makes it. */
  readonly intended: TableShape;
  /** What this kind of server alone can have; the table's shape and the clock are judged by the engine. */
  readonly findings: readonly Finding[];
}
