import type { QueryInterface } from 'sequelize';
import { LockRegistry } from 'sequelize-distributed-lock';
import type { MigrationFn } from 'umzug';

const table = 'distributed_lock';

export const up: MigrationFn<QueryInterface> = async ({ context: { sequelize } }) => {
  await sequelize.query(new LockRegistry(sequelize, { table }).createTableSql());
};

// Nothing may hold a lock any more. Fencing tokens go on growing in a table made anew, as long as the database's clock was not set back.
export const down: MigrationFn<QueryInterface> = async ({ context }) => {
  await context.dropTable(table);
};
