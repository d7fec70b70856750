import type { LockStatements } from '../../contracts/dialect.js';
import type { TableShape } from '../../contracts/examination.js';
import type { TableName } from '../../core/table-name.js';
import { toTableView } from '../sql/rows.js';
import { tableBody } from '../sql/table-body.js';
import { clock, quotedSchema, quotedTable } from './sql.js';

/** Serialises table creation over all processes: without it 290 of 320 concurrent CREATE TABLE IF NOT EXISTS fail in the catalogue. */
const CREATION_LOCK = 5_023_517_264;

/** How the table is found out and made. */
export function schemaStatements(name: TableName): Pick<LockStatements, 'columns' | 'create' | 'createSql'> {
  const table = quotedTable(name);
  const schema = quotedSchema(name);
  const createSchema = schema === undefined ? undefined : `CREATE SCHEMA IF NOT EXISTS ${schema}`;
  const literal = (identifier: string) => `'${identifier.replaceAll("'", "''")}'`;

  return {
    columns: () => ({
      statement: {
        id: 'dlock_columns',
        text: columnsSql,
        values: [table],
      },
      read: ([row]) => toTableView(row),
    }),

    // IF NOT EXISTS asks for the right to create before it looks, hence the tests of its own.
    create: () => ({
      statement: {
        id: 'dlock_create',
        text: `DO $create$ BEGIN
          PERFORM pg_advisory_xact_lock(${CREATION_LOCK});
          ${createSchema === undefined ? '' : `IF to_regnamespace(${literal(schema ?? '')}) IS NULL THEN ${createSchema}; END IF;`}
          IF to_regclass(${literal(table)}) IS NULL THEN ${tableSql(table)}; END IF;
        END $create$`,
        values: [],
      },
      read: () => undefined,
    }),

    createSql: () => [createSchema, tableSql(table)].flatMap((sql) => (sql === undefined ? [] : `${sql};\n`)).join(''),
  };
}

const columnsSql = `WITH ${clock}
  SELECT c.ms AS now, to_json(ARRAY(
    SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
  ))::text AS columns FROM clock c`;

// The key over (name, seized) is what a fence holds: its FOR KEY SHARE holds up every statement that takes the lock from an owner that did not
// give it back, since these change `seized`, and lets renewals pass (https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-ROWS).
export const lockTable: TableShape = {
  columns: {
    name: 'text COLLATE "C" NOT NULL',
    owner: 'text COLLATE "C"',
    token: 'bigint NOT NULL',
    token_top: 'bigint NOT NULL',
    acquired_at: 'bigint NOT NULL',
    expires_at: 'bigint NOT NULL',
    released_at: 'bigint',
    holder: 'text NOT NULL',
    label: 'text NOT NULL',
    line: 'text COLLATE "C" NOT NULL',
    line_until: 'bigint NOT NULL',
    revoked: 'boolean NOT NULL',
    seized: 'bigint NOT NULL',
  },
  keys: [['name'], ['name', 'seized']],
};

const tableSql = (table: string) => `CREATE TABLE IF NOT EXISTS ${table} (
${tableBody(lockTable)}
) WITH (fillfactor = 50)`;
