import type { LockStatements } from '../../contracts/dialect.js';
import type { TableShape } from '../../contracts/examination.js';
import { spokenTable, type TableName } from '../../core/table-name.js';
import { toText } from '../sql/rows.js';
import { diagnose } from './diagnose.js';
import { lockTable } from './schema.js';
import { now } from './sql.js';

/** What the database told. */
export interface Facts {
  readonly now: number;
  /** Empty where it is in memory. */
  readonly file: string;
  readonly journalMode: string;
  /** Of this connection; every other one has its own. 0 is OFF. */
  readonly synchronous: number;
  readonly columns: TableShape['columns'];
  readonly keys: TableShape['keys'];
}

/** How the database and the table are examined. */
export function examiningStatements(name: TableName): Pick<LockStatements, 'examine'> {
  return {
    examine: () => ({
      statement: { id: '', text: examineSql, values: [spokenTable(name)] },
      read([row]) {
        // The statement below makes it.
        const { columns, keys, ...facts } = JSON.parse(toText(row?.['facts'])) as Facts;
        const table = Object.keys(columns).length === 0 ? undefined : { columns, keys };
        return { now: facts.now, table, intended: lockTable, findings: diagnose(facts) };
      },
    }),
  };
}

// These pragmas answer as tables and change nothing (https://www.sqlite.org/pragma.html#pragfunc).
const examineSql = `SELECT json_object(
  'now', ${now},
  'file', (SELECT file FROM pragma_database_list WHERE name = 'main'),
  'journalMode', (SELECT journal_mode FROM pragma_journal_mode),
  'synchronous', (SELECT synchronous FROM pragma_synchronous),
  'columns', (SELECT json_group_object(name, type || iif("notnull", ' NOT NULL', '')) FROM pragma_table_info(?1)),
  'keys', (
    SELECT json_group_array(json((SELECT json_group_array(name) FROM pragma_index_info(i.name))))
    FROM pragma_index_list(?1) AS i WHERE i."unique" AND NOT i.partial)
) AS facts`;
