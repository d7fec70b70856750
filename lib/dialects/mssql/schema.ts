import type { LockStatements } from '../../contracts/dialect.js';
import type { TableShape } from '../../contracts/examination.js';
import type { TableName } from '../../core/table-name.js';
import { toNumber, toText } from '../sql/rows.js';
import { CREATION_BUSY } from './errors.js';
import { batch, BYTES, literal, NAME, OWNER, quoted, type Table, tableOf, TEXT } from './sql.js';

/** Creation waits for others that create, for less than its sender waits for it. */
const CREATION_WAIT_MS = 4_000;

/** How the table is found out and made. */
export function schemaStatements(name: TableName): Pick<LockStatements, 'columns' | 'create' | 'createSql'> {
  const table = tableOf(name);
  const columns = batch(
    'dlock_columns',
    { table: 'nvarchar(300)' },
    'SELECT c.name AS [column], o.now FROM (SELECT @ms AS now) o LEFT JOIN sys.columns c ON c.object_id = OBJECT_ID(@table) ORDER BY c.column_id;',
  );
  const schema = createSchema(name);

  return {
    columns: () => ({
      statement: columns({ table: table.name }),
      read: (rows) => ({
        columns: rows.flatMap(({ column }) => (column === null ? [] : toText(column))),
        now: toNumber(rows[0]?.['now']),
      }),
    }),

    create: () => ({ statement: batch('dlock_create', {}, createText(table, schema))(), read: () => undefined }),

    createSql: () =>
      [schema, `IF OBJECT_ID(${literal(table.name)}) IS NULL ${tableSql(table)}`, rowLocksSql(table)]
        .flatMap((sql) => (sql === undefined ? [] : `${sql};\n`))
        .join(''),
  };
}

// CREATE SCHEMA must be alone in its batch.
const createSchema = ({ schema }: TableName) =>
  schema === undefined ? undefined : `IF SCHEMA_ID(${literal(schema)}) IS NULL EXEC(${literal(`CREATE SCHEMA ${quoted(schema)}`)})`;

// One at a time over all processes, because of two that create a thing at once one would fail. The lock ends with the transaction
// (https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-getapplock-transact-sql), and that with the batch, however
// it ends (XACT_ABORT). Nobody waits for anybody in here: who has the lock waits at most for readers of the catalogue.
const createText = ({ name, ...keys }: Table, schema: string | undefined) => `BEGIN TRANSACTION;
DECLARE @locked int;
EXEC @locked = sp_getapplock @Resource = N'sequelize-distributed-lock', @LockMode = N'Exclusive', @LockOwner = N'Transaction',
  @LockTimeout = ${CREATION_WAIT_MS};
IF @locked < 0 BEGIN; THROW ${CREATION_BUSY}, N'Another process has been making tables for too long.', 1; END;
${schema === undefined ? '' : `${schema};\n`}IF OBJECT_ID(${literal(name)}) IS NULL BEGIN
${tableSql({ name, ...keys })};
${rowLocksSql({ name })};
END;
COMMIT TRANSACTION;`;

/**
 * The key over (name, owner) is what a fence holds (keep.ts). An index key may have 1,700 bytes, of a clustered index 900 only, so the table is
 * a heap (https://learn.microsoft.com/sql/sql-server/maximum-capacity-specifications-for-sql-server).
 */
export const lockTable: TableShape = {
  columns: {
    name: `${NAME} ${BYTES} NOT NULL`,
    owner: `${OWNER} ${BYTES}`,
    token: 'bigint NOT NULL',
    token_top: 'bigint NOT NULL',
    acquired_at: 'bigint NOT NULL',
    expires_at: 'bigint NOT NULL',
    released_at: 'bigint',
    holder: `${TEXT} ${BYTES} NOT NULL`,
    label: `${TEXT} ${BYTES} NOT NULL`,
    line: `varchar(2112) ${BYTES} NOT NULL`,
    line_until: 'bigint NOT NULL',
    revoked: 'bit NOT NULL',
  },
  keys: [['name'], ['name', 'owner']],
};

function tableSql({ name, nameKey, ownerKey }: Pick<Table, 'name' | 'nameKey' | 'ownerKey'>): string {
  const columns = Object.entries(lockTable.columns).map(
    ([column, type]) => `${column} ${type.endsWith('NOT NULL') ? type : `${type} NULL`}`,
  );
  const keys = [`CONSTRAINT ${nameKey} PRIMARY KEY NONCLUSTERED (name)`, `CONSTRAINT ${ownerKey} UNIQUE NONCLUSTERED (name, owner)`];
  return `CREATE TABLE ${name} (\n${[...columns, ...keys].map((line) => `  ${line}`).join(',\n')}\n)`;
}

/** Many rows locked at once must not become a lock of the whole table. */
const rowLocksSql = ({ name }: Pick<Table, 'name'>) => `ALTER TABLE ${name} SET (LOCK_ESCALATION = DISABLE)`;
