import type { LockStatements } from '../../../contracts/dialect.js';
import type { TableShape } from '../../../contracts/examination.js';
import type { Statement } from '../../../contracts/session.js';
import type { TableName } from '../../../core/table-name.js';
import { toNumber, toText } from '../rows.js';
import { tableBody } from '../table-body.js';
import { bound } from './bound.js';
import { ms, quoted, quotedTable } from './sql.js';

/** How the table is found out and made. */
export function schemaStatements(name: TableName): Pick<LockStatements, 'columns' | 'create' | 'createSql'> {
  const columns = bound('dlock_columns', columnsSql)(place(name));
  const table = tableSql(quotedTable(name));
  const schema = name.schema === undefined ? undefined : `CREATE DATABASE IF NOT EXISTS ${quoted(name.schema)}`;

  return {
    columns: () => ({
      statement: columns,
      read: (rows) => ({
        columns: rows.flatMap(({ column }) => (column === null ? [] : toText(column))),
        now: toNumber(rows[0]?.['now']),
      }),
    }),

    // Any number may run it at once: who makes a name waits for who makes the same one, and then finds it
    // (https://dev.mysql.com/doc/refman/8.0/en/metadata-locking.html).
    create: () => ({ statement: schema === undefined ? plain(table) : inSchema(name, schema, table), read: () => undefined }),

    createSql: () => [schema, table].flatMap((sql) => (sql === undefined ? [] : `${sql};\n`)).join(''),
  };
}

/** IF NOT EXISTS asks for the right to create before it looks. */
function inSchema({ schema }: TableName, createSchema: string, createTable: string): Statement {
  const look = bound('dlock_schema', 'SELECT 1 AS found FROM information_schema.schemata WHERE schema_name = :schema')({ schema });
  const makeBoth = { ...plain(createSchema), followUp: () => plain(createTable) };
  return { ...look, followUp: ({ length }) => (length > 0 ? plain(createTable) : makeBoth) };
}

const plain = (text: string): Statement => ({ id: 'dlock_create', text, values: [] });

/** Values of statements about the table. */
export const place = ({ schema, table }: TableName) => ({ schema, table });

/** Where the catalogue has the table's own. */
export const ofTable = 'table_schema = COALESCE(:schema, DATABASE()) AND table_name = :table';

const columnsSql = `SELECT column_name AS \`column\`, ordinal_position AS place, ${ms} AS now FROM information_schema.columns WHERE ${ofTable}
  UNION ALL SELECT NULL, 0, ${ms} ORDER BY place`;

const ascii = (length: number) => `varchar(${length}) CHARACTER SET ascii COLLATE ascii_bin`;
const TEXT = 'varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

/**
 * A name is bytes, since every collation that both servers know takes names for one that differ by blanks at their end.
 *
 * The key over (name, owner) is what a fence holds: a share lock on its entry holds up every statement that gives the row another owner, since
 * these change that entry; and lets renewals pass, which change the row and none of its keys. The entry has all that a fence reads, so the row
 * itself is not locked (https://dev.mysql.com/doc/refman/8.0/en/innodb-locks-set.html).
 *
 * `verdict` is what a statement found the row to be: it assigns it first, and from there on the rest of its assignments, which see each other's
 * results from left to right (https://dev.mysql.com/doc/refman/8.0/en/update.html). Nothing reads it afterwards.
 */
export const lockTable: TableShape = {
  columns: {
    name: 'varbinary(1400) NOT NULL',
    owner: ascii(32),
    token: 'bigint NOT NULL',
    token_top: 'bigint NOT NULL',
    acquired_at: 'bigint NOT NULL',
    expires_at: 'bigint NOT NULL',
    released_at: 'bigint',
    holder: `${TEXT} NOT NULL`,
    label: `${TEXT} NOT NULL`,
    line: `${ascii(2112)} NOT NULL`,
    line_until: 'bigint NOT NULL',
    revoked: 'tinyint(1) NOT NULL',
    verdict: 'tinyint(1) NOT NULL',
  },
  keys: [['name'], ['name', 'owner']],
};

// Said here, because a server may have other defaults; a key of this length takes DYNAMIC rows.
const tableSql = (table: string) => `CREATE TABLE IF NOT EXISTS ${table} (
${tableBody(lockTable)}
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC`;
