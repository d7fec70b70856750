import { randomBytes } from 'node:crypto';
import { Sequelize } from 'sequelize';

/** Where the specs' databases on SQL Server come from. */
export interface MssqlSource {
  /** The address of `database` on the server. */
  url(database: string): string;
  stop(): Promise<void>;
}

let source: Promise<MssqlSource> | undefined;

/** The one server of this run, started at the first call; rejects with why there is none. */
export function mssqlSource(): Promise<MssqlSource> {
  return (source ??= given() ?? container());
}

export async function stopMssqlSource(): Promise<void> {
  const running = await source?.catch(() => undefined);
  source = undefined;
  await running?.stop();
}

/** Runs administrative statements. */
export async function administerMssql(server: MssqlSource, ...statements: string[]): Promise<void> {
  const sequelize = new Sequelize(server.url('master'), { logging: false });
  try {
    for (const statement of statements) await sequelize.query(statement);
  } finally {
    await sequelize.close();
  }
}

function given(): Promise<MssqlSource> | undefined {
  const address = process.env.LOCKS_MSSQL_URL;
  return address === undefined || address === '' ? undefined : Promise.resolve(serverAt(address, () => Promise.resolve()));
}

async function container(): Promise<MssqlSource> {
  try {
    const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
    await getContainerRuntimeClient();
    // The server insists on characters of three kinds.
    const password = `Locks-${randomBytes(9).toString('hex')}`;
    const started = await new GenericContainer('mcr.microsoft.com/mssql/server:2022-latest')
      .withEnvironment({ ACCEPT_EULA: 'Y', MSSQL_PID: 'Developer', MSSQL_SA_PASSWORD: password })
      .withExposedPorts(1433)
      .withWaitStrategy(Wait.forLogMessage(/Recovery is complete/))
      .start();
    const address = `mssql://sa:${password}@${started.getHost()}:${started.getMappedPort(1433)}/`;
    return serverAt(address, () => started.stop().then(() => undefined));
  } catch (cause) {
    throw new Error(`no LOCKS_MSSQL_URL, no Docker (${String(cause)})`, { cause });
  }
}

function serverAt(address: string, stop: () => Promise<void>): MssqlSource {
  return {
    url(database) {
      const url = new URL(address);
      url.pathname = database;
      return url.href;
    },
    stop,
  };
}
