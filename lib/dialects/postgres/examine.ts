import type { LockStatements } from '../../contracts/dialect.js';
import type { TableShape } from '../../contracts/examination.js';
import type { TableName } from '../../core/table-name.js';
import { toText } from '../sql/rows.js';
import { diagnose } from './diagnose.js';
import { lockTable } from './schema.js';
import { quotedTable } from './sql.js';

/** A setting as this connection has it, and as a connection gets it that sets nothing: from the server, the database or the role. */
export interface Setting {
  readonly here: string;
  readonly given: string;
}

/** What the server told. */
export interface Facts {
  readonly now: number;
  readonly settings: Readonly<Record<(typeof settings)[number], Setting>>;
  /** It follows another server and takes no writes. */
  readonly standby: boolean;
  /** How far commits wait for each server that follows this one; `'hidden'` without the right to know. */
  readonly replicas: readonly string[];
  readonly unlogged: boolean;
  readonly table: TableShape | null;
}

/** How the server and the table are examined. */
export function examiningStatements(name: TableName): Pick<LockStatements, 'examine'> {
  return {
    examine: (notified) => ({
      // Without an id: nothing stays prepared on a server that is only looked at.
      statement: { id: '', text: examineSql, values: [quotedTable(name)] },
      read([row]) {
        // The statement below makes it.
        const facts = JSON.parse(toText(row?.['facts'])) as Facts;
        return { now: facts.now, table: facts.table ?? undefined, intended: lockTable, findings: diagnose(facts, notified) };
      },
    }),
  };
}

const settings = [
  'default_transaction_isolation',
  'default_transaction_read_only',
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'synchronous_standby_names',
] as const;

const settingsJson = `(
  SELECT json_object_agg(name, json_build_object('here', setting, 'given', reset_val))
  FROM pg_settings WHERE name IN (${settings.map((name) => `'${name}'`).join(', ')}))`;

// Backups and subscribers to single tables are listed too, and nobody fails over to them. Who may not see the rest sees the process ids
// (https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-STATS-DYNAMIC-VIEWS-TABLE).
const replicasJson = `(
  SELECT coalesce(json_agg(coalesce(r.sync_state, 'hidden') ORDER BY r.sync_state), '[]')
  FROM pg_stat_replication r
  WHERE r.state IS DISTINCT FROM 'backup'
    AND NOT EXISTS (SELECT FROM pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical'))`;

const columnsJson = `(
  SELECT json_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attcollation <> y.typcollation THEN format(' COLLATE %I', o.collname) ELSE '' END
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END)
  FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid LEFT JOIN pg_collation o ON o.oid = a.attcollation
  WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped)`;

// A key that is partial, over an expression, deferred or still being built refuses nothing when it matters.
const keysJson = `(
  SELECT coalesce(json_agg((
    SELECT json_agg(a.attname ORDER BY k.place) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum WHERE k.place <= i.indnkeyatts
  )), '[]')
  FROM pg_index i
  WHERE i.indrelid = t.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL)`;

const examineSql = `SELECT json_build_object(
  'now', floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint,
  'settings', ${settingsJson},
  'standby', pg_is_in_recovery(),
  'replicas', ${replicasJson},
  'unlogged', coalesce(t.relpersistence = 'u', false),
  'table', CASE WHEN t.oid IS NOT NULL THEN json_build_object('columns', coalesce(${columnsJson}, '{}'), 'keys', ${keysJson}) END
)::text AS facts FROM (SELECT) AS one LEFT JOIN pg_class t ON t.oid = to_regclass($1)`;
