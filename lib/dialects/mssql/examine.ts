import type { LockStatements } from '../../contracts/dialect.js';
import type { TableShape } from '../../contracts/examination.js';
import type { Row } from '../../contracts/session.js';
import type { TableName } from '../../core/table-name.js';
import { toNumber, toText } from '../sql/rows.js';
import { diagnose } from './diagnose.js';
import { lockTable } from './schema.js';
import { batch, tableOf } from './sql.js';

/** What the server told. */
export interface Facts {
  readonly compatibilityLevel: number;
  /** `'DISABLED'`, `'ALLOWED'` or `'FORCED'`. */
  readonly delayedDurability: string;
  /** `'READ_WRITE'` or `'READ_ONLY'`. */
  readonly updateability: string;
  /** How far a lock on many rows may grow; empty where there is no table. */
  readonly lockEscalation: string;
  /** How many replicas no commit waits for, as far as this login may see. */
  readonly asynchronousReplicas: number;
}

/** How the server and the table are examined. */
export function examiningStatements(name: TableName): Pick<LockStatements, 'examine'> {
  const examine = batch('', { table: 'nvarchar(300)' }, `${serverSql}\n${columnsSql}\n${keysSql}`);
  return {
    examine: () => ({
      statement: examine({ table: tableOf(name).name }),
      read(rows) {
        const [server = {}] = rows.filter((row) => 'now' in row);
        return { now: toNumber(server['now']), table: shapeIn(rows), intended: lockTable, findings: diagnose(factsIn(server)) };
      },
    }),
  };
}

// Azure SQL Database (edition 5) has no view of replicas, nor any that may take over and is behind.
const serverSql = `DECLARE @replicas int = 0;
IF CONVERT(int, SERVERPROPERTY('EngineEdition')) <> 5
  SELECT @replicas = COUNT(*) FROM sys.availability_replicas r
  JOIN sys.availability_databases_cluster d ON d.group_id = r.group_id
  WHERE d.database_name = DB_NAME() AND r.availability_mode = 0;
SELECT @ms AS now, d.compatibility_level, d.delayed_durability_desc, t.lock_escalation_desc, @replicas AS replicas,
  CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), 'Updateability')) AS updateability
FROM sys.databases d LEFT JOIN sys.tables t ON t.object_id = OBJECT_ID(@table) WHERE d.database_id = DB_ID();`;

const columnsSql = `SELECT c.name AS [column], CONCAT(
  y.name,
  CASE y.name WHEN 'varchar' THEN CONCAT('(', c.max_length, ')') WHEN 'nvarchar' THEN CONCAT('(', c.max_length / 2, ')') END,
  ' COLLATE ' + c.collation_name,
  CASE c.is_nullable WHEN 0 THEN ' NOT NULL' END) AS definition
FROM sys.columns c JOIN sys.types y ON y.user_type_id = c.user_type_id WHERE c.object_id = OBJECT_ID(@table) ORDER BY c.column_id;`;

// A key that is disabled, or over some rows only, refuses nothing when it matters.
const keysSql = `SELECT i.index_id AS [key], c.name AS part FROM sys.indexes i
JOIN sys.index_columns p ON p.object_id = i.object_id AND p.index_id = i.index_id AND p.is_included_column = 0
JOIN sys.columns c ON c.object_id = p.object_id AND c.column_id = p.column_id
WHERE i.object_id = OBJECT_ID(@table) AND i.is_unique = 1 AND i.has_filter = 0 AND i.is_disabled = 0
ORDER BY i.is_primary_key DESC, i.index_id, p.key_ordinal;`;

const factsIn = (server: Row): Facts => ({
  compatibilityLevel: Number(server['compatibility_level']),
  delayedDurability: toText(server['delayed_durability_desc']),
  updateability: toText(server['updateability']),
  lockEscalation: toText(server['lock_escalation_desc']),
  asynchronousReplicas: Number(server['replicas']),
});

function shapeIn(rows: readonly Row[]): TableShape | undefined {
  const columns = rows.flatMap(({ column, definition }): [string, string][] =>
    column === undefined ? [] : [[toText(column), toText(definition)]],
  );
  const keys = new Map<number, string[]>();
  for (const { key, part } of rows) {
    if (key !== undefined) keys.set(Number(key), [...(keys.get(Number(key)) ?? []), toText(part)]);
  }
  return columns.length === 0 ? undefined : { columns: Object.fromEntries(columns), keys: [...keys.values()] };
}
