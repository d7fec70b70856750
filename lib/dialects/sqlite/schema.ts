import type { LockStatements } from '../../contracts/dialect.js';
import type { TableShape } from '../../contracts/examination.js';
import { type TableName, spokenTable } from '../../core/table-name.js';
import { toTableView } from '../sql/rows.js';
import { tableBody } from '../sql/table-body.js';
import { now, quotedTable } from './sql.js';

/** How the table is found out and made. */
export function schemaStatements(name: TableName): Pick<LockStatements, 'columns' | 'create' | 'createSql'> {
  const sql = tableSql(quotedTable(name));
  return {
    columns: () => ({
      statement: { id: 'dlock_columns', text: columnsSql, values: [spokenTable(name)] },
      read: ([row]) => toTableView(row),
    }),

    // Any number may run it at once: who finds that the schema changed since it was parsed parses again, and then finds the table
    // (https://www.sqlite.org/c3ref/prepare.html, "sqlite3_prepare_v2").
    create: () => ({ statement: { id: 'dlock_create', text: sql, values: [] }, read: () => undefined }),

    createSql: () => `${sql};\n`,
  };
}

const columnsSql = `SELECT (SELECT json_group_array(name) FROM (SELECT name FROM pragma_table_info(?1) ORDER BY cid)) AS columns, ${now} AS now`;

export const lockTable: TableShape = {
  columns: {
    name: 'TEXT NOT NULL',
    owner: 'TEXT',
    token: 'INTEGER NOT NULL',
    token_top: 'INTEGER NOT NULL',
    acquired_at: 'INTEGER NOT NULL',
    expires_at: 'INTEGER NOT NULL',
    released_at: 'INTEGER',
    holder: 'TEXT NOT NULL',
    label: 'TEXT NOT NULL',
    line: 'TEXT NOT NULL',
    line_until: 'INTEGER NOT NULL',
    revoked: 'INTEGER NOT NULL',
  },
  keys: [['name']],
};

// STRICT: a number that is none must fail here, not be stored as text (https://www.sqlite.org/stricttables.html).
// WITHOUT ROWID: the row is in the index of its name, so that a step reads and writes one tree (https://www.sqlite.org/withoutrowid.html).
const tableSql = (table: string) => `CREATE TABLE IF NOT EXISTS ${table} (
${tableBody(lockTable)}
) STRICT, WITHOUT ROWID`;
