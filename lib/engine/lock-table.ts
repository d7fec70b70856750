import { LockTableError } from '../core/errors.js';
import { isAncestorsTable, isLockTable } from '../core/lock-table.js';
import { spokenTable, type TableName } from '../core/table-name.js';
import type { Store } from './store.js';

/** Creation may wait for other processes that create. */
const TABLE_TIMEOUT_MS = 5_000;

/**
 * Makes sure that the lock table is there and ours.
 *
 * Looks first: where the table exists, nobody needs the right to create one.
 *
 * @throws {LockTableError} it is missing and `create` is off, or it is not a lock table; nothing in it is touched
 */
export async function prepareTable(store: Store, name: TableName, create: boolean): Promise<void> {
  const columns = await columnsOf(store);
  if (columns.length > 0) return checkColumns(name, columns);
  if (!create)
    throw new LockTableError(
      spokenTable(name),
      'does not exist and option "create" is false. Run createTable() or the SQL of createTableSql() first.',
    );
  await createTable(store);
}

/** Makes schema and table where they are missing. */
export async function createTable(store: Store): Promise<void> {
  await store.bare({ name: 'create', timeoutMs: TABLE_TIMEOUT_MS, step: (statements) => statements.create() });
}

/** @throws {LockTableError} the table is there and is not a lock table */
export async function checkExisting(store: Store, name: TableName): Promise<void> {
  const columns = await columnsOf(store);
  if (columns.length > 0) checkColumns(name, columns);
}

async function columnsOf(store: Store): Promise<readonly string[]> {
  const { answer, lastSent } = await store.bare({
    name: 'columns',
    timeoutMs: TABLE_TIMEOUT_MS,
    step: (statements) => statements.columns(),
  });
  store.databaseClock.learn(answer.now, lastSent);
  return answer.columns;
}

function checkColumns(name: TableName, columns: readonly string[]): void {
  if (isLockTable(columns)) return;
  const whose = isAncestorsTable(columns) ? 'is the table of the original Sequelize Distributed Lock' : 'is not a lock table';
  throw new LockTableError(
    spokenTable(name),
    `${whose}: it has the columns ${columns.join(', ')}. It was left alone; choose another name with option "table" ("lockTableName" of DistributedLock).`,
    columns,
  );
}
