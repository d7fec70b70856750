import type { LockStatements } from '../../../contracts/dialect.js';
import type { TableShape } from '../../../contracts/examination.js';
import type { Row, Statement } from '../../../contracts/session.js';
import type { TableName } from '../../../core/table-name.js';
import { toNumber, toText } from '../rows.js';
import { bound } from './bound.js';
import { diagnose } from './diagnose.js';
import { lockTable, ofTable, place } from './schema.js';
import { ms } from './sql.js';

/** Settings by name, in lower case. */
export type Settings = Readonly<Record<string, string>>;

/** What the server told. */
export interface Facts {
  /** As a connection gets them that sets nothing. */
  readonly given: Settings;
  /** As this connection has them. */
  readonly here: Settings;
  /** How many servers are fed by this one, as far as this user may see. */
  readonly replicas: number;
  /** Of the table; empty where there is none. */
  readonly engine: string;
}

/** How the server and the table are examined: by several statements in turn, since no one has it all on both servers. */
export function examiningStatements(name: TableName): Pick<LockStatements, 'examine'> {
  const read = [settingsSql('GLOBAL'), settingsSql('SESSION'), serverSql, columnsSql, keysSql].map((text) => bound('', text)(place(name)));
  return {
    examine: () => ({
      statement: inTurn(read),
      read(rows) {
        const [server] = rows.filter((row) => 'now' in row);
        const facts = { ...settingsIn(rows), replicas: Number(server?.['replicas']), engine: toText(server?.['engine']) };
        return { now: toNumber(server?.['now']), table: shapeIn(rows), intended: lockTable, findings: diagnose(facts) };
      },
    }),
  };
}

const inTurn = ([first, ...others]: readonly Statement[]): Statement => ({
  id: '',
  text: first?.text ?? '',
  values: first?.values ?? [],
  ...(others.length > 0 ? { followUp: () => inTurn(others) } : {}),
});

const names = [
  'autocommit',
  'binlog_format',
  'innodb_flush_log_at_trx_commit',
  'log_bin',
  'read_only',
  'rpl_semi_sync_master_enabled',
  'rpl_semi_sync_source_enabled',
  'sql_mode',
  'sync_binlog',
  'transaction_isolation',
  'tx_isolation',
  'wsrep_on',
  'wsrep_provider_options',
  'wsrep_sync_wait',
];

const settingsSql = (of: 'GLOBAL' | 'SESSION') =>
  `SHOW ${of} VARIABLES WHERE Variable_name IN (${names.map((name) => `'${name}'`).join(', ')})`;

const serverSql = `SELECT ${ms} AS now, (SELECT engine FROM information_schema.tables WHERE ${ofTable}) AS engine,
  (SELECT COUNT(*) FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%') AS replicas`;

// MySQL 8.0.19 and newer tell no width of integers.
const columnsSql = `SELECT column_name AS \`column\`, CONCAT(
    CASE data_type WHEN 'bigint' THEN 'bigint' ELSE column_type END,
    COALESCE(CONCAT(' CHARACTER SET ', character_set_name, ' COLLATE ', collation_name), ''),
    CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END) AS definition
  FROM information_schema.columns WHERE ${ofTable} ORDER BY ordinal_position`;

const keysSql = `SELECT index_name AS \`key\`, column_name AS part FROM information_schema.statistics
  WHERE ${ofTable} AND non_unique = 0 ORDER BY index_name, seq_in_index`;

/** The first answer has the settings of the server, the second those of the session. */
function settingsIn(rows: readonly Row[]): Pick<Facts, 'given' | 'here'> {
  const given: Record<string, string> = {};
  const here: Record<string, string> = {};
  for (const row of rows) {
    const name = row['Variable_name'];
    if (typeof name === 'string') (name in given ? here : given)[name] = toText(row['Value']);
  }
  return { given, here };
}

function shapeIn(rows: readonly Row[]): TableShape | undefined {
  const columns = rows.flatMap(({ column, definition }): [string, string][] =>
    column === undefined ? [] : [[toText(column), toText(definition)]],
  );
  const keys = new Map<string, string[]>();
  for (const { key, part } of rows) {
    if (key !== undefined) keys.set(toText(key), [...(keys.get(toText(key)) ?? []), toText(part)]);
  }
  return columns.length === 0 ? undefined : { columns: Object.fromEntries(columns), keys: [...keys.values()] };
}
