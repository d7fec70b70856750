// Three replicas start at once and migrate the database; each migration runs once, and nobody serves requests before all have run.
import { LockRegistry } from 'sequelize-distributed-lock';
import { SequelizeStorage, Umzug } from 'umzug';
import { TemporaryDatabase } from './temporary-database.js';

await using database = await TemporaryDatabase.create();

async function start(replica: string): Promise<void> {
  const sequelize = database.connect();
  const sql = (text: string) => () => sequelize.query(text);
  const umzug = new Umzug({
    migrations: [
      { name: '01-customers', up: sql('CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)') },
      { name: '02-orders', up: sql('CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER)') },
      { name: '03-index', up: sql('CREATE INDEX orders_customer ON orders (customer)') },
    ],
    storage: new SequelizeStorage({ sequelize }),
    logger: undefined,
  });

  await using locks = new LockRegistry(sequelize);
  // The lease is renewed for as long as the migrations take; the others wait as long as this says.
  const applied = await locks.run('migrations', () => umzug.up(), { wait: '15m', label: 'migrations' });
  console.log(`${replica} applied ${applied.map(({ name }) => name).join(', ') || 'nothing'} and is ready`);
}

await Promise.all([start('replica 1'), start('replica 2'), start('replica 3')]);
