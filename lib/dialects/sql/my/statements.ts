import type { LockStatements } from '../../../contracts/dialect.js';
import type { TableName } from '../../../core/table-name.js';
import { examiningStatements } from './examine.js';
import { keepingStatements } from './keep.js';
import { lettingGoStatements } from './let-go.js';
import { operatorStatements } from './operate.js';
import { schemaStatements } from './schema.js';
import { quotedTable } from './sql.js';
import { takingStatements } from './take.js';

/** The statements on one table, in the SQL that MySQL and MariaDB have in common: no RETURNING, no alias for the new row. */
export function lockStatements(name: TableName): LockStatements {
  const table = quotedTable(name);
  return {
    ...schemaStatements(name),
    ...takingStatements(table),
    ...keepingStatements(table),
    ...lettingGoStatements(table),
    ...operatorStatements(table),
    ...examiningStatements(name),
  };
}
