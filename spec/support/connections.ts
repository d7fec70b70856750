import { readdirSync, readlinkSync } from 'node:fs';
import { QueryTypes } from 'sequelize';
import type { Sequelize } from 'sequelize';
import type { TestDatabase } from './databases.js';

const observers = new WeakMap<TestDatabase, Sequelize>();

/** The servers' numbers of connections, by the name that the specs gave them. */
const numbered = new Map<string, number[]>();

/** Makes the connections of `sequelize`, those that are made beside its pool included, known by a name where the server has none for them. */
export function nameConnections(sequelize: Sequelize, name: string): void {
  const numbers: number[] = [];
  numbered.set(name, numbers);
  sequelize.addHook('afterConnect', (connection: unknown) => {
    numbers.push(Number((connection as { threadId?: unknown }).threadId));
  });
}

/** How many connections there are by this name: an `application_name` on a server, the end of a file's name elsewhere. */
export async function openConnections(database: TestDatabase, name: string): Promise<number> {
  if (database.dialect === 'sqlite') return filesOpen(name);
  const observer = observers.get(database) ?? database.newSequelize({ pool: { max: 1 } });
  observers.set(database, observer);
  const [row] = await observer.query<{ count: number }>(countOn[database.dialect], {
    replacements: { name, numbers: [0, ...(numbered.get(name) ?? [])] },
    type: QueryTypes.SELECT,
  });
  return row?.count ?? NaN;
}

const countByNumber = 'SELECT COUNT(*) AS count FROM information_schema.processlist WHERE id IN (:numbers)';
const countOn = {
  mariadb: countByNumber,
  mssql: 'SELECT COUNT(*) AS count FROM sys.dm_exec_sessions WHERE program_name = :name',
  mysql: countByNumber,
  postgres: 'SELECT count(*)::int FROM pg_stat_activity WHERE application_name = :name',
};

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
