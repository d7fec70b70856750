/** Where the rows are: a table, in a schema where one is named. */
export interface TableName {
  readonly schema?: string;
  readonly table: string;
}

/**
 * Reads `'distributed_lock'` or `'ops.distributed_lock'`.
 *
 * @throws {TypeError} not text of one or two non-empty parts
 * @throws {RangeError} a part over 60 bytes, which some servers would cut off silently
 */
export function parseTableName(value: unknown): TableName {
  const parts = typeof value === 'string' ? value.split('.') : [];
  const [first, second] = parts;
  if (!first || second === '' || parts.length > 2 || parts.some((part) => part.includes('\0'))) {
    throw new TypeError(
      `Option "table" must be a table's name such as 'distributed_lock' or 'ops.distributed_lock'; got ${String(value)}.`,
    );
  }
  if (parts.some((part) => Buffer.byteLength(part) > 60))
    throw new RangeError(`Option "table": no part of "${parts.join('.')}" may be longer than 60 bytes.`);
  return second === undefined ? { table: first } : { schema: first, table: second };
}

/** The name as a person writes it. */
export const spokenTable = ({ schema, table }: TableName) => (schema === undefined ? table : `${schema}.${table}`);
