import { setTimeout } from 'node:timers/promises';
import type { Sequelize } from 'sequelize';
import { SequelizeStorage, Umzug } from 'umzug';

export const MIGRATIONS = ['01-steps', '02-customers', '03-orders'];

/** Umzug over three migrations, each of which writes down that it ran. `during` is waited for in each. */
export function migrationsOf(sequelize: Sequelize, during: (name: string) => Promise<unknown> = () => setTimeout(50)): Umzug<Sequelize> {
  return new Umzug({
    migrations: MIGRATIONS.map((name) => ({
      name,
      async up({ context }) {
        if (name === MIGRATIONS[0]) await context.query('CREATE TABLE IF NOT EXISTS steps (name VARCHAR(40))');
        await context.query(`INSERT INTO steps VALUES ('${name}')`);
        await during(name);
      },
      async down({ context }) {
        await context.query(`DELETE FROM steps WHERE name = '${name}'`);
      },
    })),
    context: sequelize,
    storage: new SequelizeStorage({ sequelize }),
    logger: undefined,
  });
}
