import { readdirSync, readlinkSync } from 'node:fs';
import { QueryTypes } from 'sequelize';
import type { Sequelize } from 'sequelize';
import type { TestDatabase } from './databases.js';

const observers = new WeakMap<TestDatabase, Sequelize>();

/** How many connections there are by this name: an `application_name` on a server, the end of a file's name elsewhere. */
export async function openConnections(database: TestDatabase, name: string): Promise<number> {
  if (database.dialect === 'sqlite') return filesOpen(name);
  const observer = observers.get(database) ?? database.newSequelize({ pool: { max: 1 } });
  observers.set(database, observer);
  const [row] = await observer.query<{ count: number }>('SELECT count(*)::int FROM pg_stat_activity WHERE application_name = :name', {
    replacements: { name },
    type: QueryTypes.SELECT,
  });
  return row?.count ?? NaN;
}

/** How often this process has opened such a file; 0 where the system does not tell. */
function filesOpen(name: string): number {
  return process.platform === 'linux' ? readdirSync(FILES).filter((fd) => targetOf(`${FILES}/${fd}`).endsWith(name)).length : 0;
}

const FILES = '/proc/self/fd';

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ''; // closed meanwhile
  }
}
