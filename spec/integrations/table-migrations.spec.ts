import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { QueryInterface, Sequelize } from 'sequelize';
import { type MigrationFn, SequelizeStorage, Umzug } from 'umzug';
import { type Lease, LockRegistry, LockTableError } from '../../lib/index.js';
import { onDatabase, type TestDatabase } from '../support/databases.js';
import { failureOf } from '../support/outcome.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const examples = `${root}examples/migrations`;

interface Tool {
  up(): Promise<unknown>;
  down(): Promise<unknown>;
}

/** The real command line, in a process of its own. */
function runCli(database: TestDatabase, command: string, signal?: AbortSignal): Promise<{ readonly stdout: string }> {
  return promisify(execFile)(
    process.execPath,
    [
      ...['--import', import.meta.resolve('tsx'), fileURLToPath(import.meta.resolve('sequelize-cli/lib/sequelize')), command],
      ...['--url', database.url, '--migrations-path', `${examples}/sequelize-cli`],
    ],
    { cwd: root, env: { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.json` }, ...(signal && { signal }) },
  );
}

function sequelizeCli(database: TestDatabase): Tool {
  return { up: () => runCli(database, 'db:migrate'), down: () => runCli(database, 'db:migrate:undo') };
}

function umzug(_database: TestDatabase, sequelize: Sequelize): Tool {
  const load = (path: string) => import(pathToFileURL(path).href) as Promise<Record<'up' | 'down', MigrationFn<QueryInterface>>>;
  const tool = new Umzug({
    migrations: {
      glob: `${examples}/umzug/*.ts`,
      resolve: ({ path = '' }) => ({
        name: basename(path),
        up: async (params) => (await load(path)).up(params),
        down: async (params) => (await load(path)).down(params),
      }),
    },
    context: sequelize.getQueryInterface(),
    storage: new SequelizeStorage({ sequelize }),
    logger: undefined,
  });
  return { up: () => tool.up(), down: () => tool.down() };
}

for (const dialect of ['postgres', 'sqlite'] as const) {
  onDatabase(dialect, `sequelize-cli under a lock (${dialect})`, (database) => {
    it('migrates on two instances at once, one after the other', async function () {
      this.timeout(60_000); // processes that compile TypeScript
      this.slow(20_000);
      const inside: string[] = [];
      const instance = async (name: string) => {
        await using locks = new LockRegistry(database().newSequelize());
        const { stdout } = await locks.run('migrations', async ({ signal }) => {
          inside.push(name);
          const output = await runCli(database(), 'db:migrate', signal);
          inside.push(name);
          return output;
        });
        return stdout;
      };
      const outputs = await Promise.all(['one', 'other'].map(instance));
      expect([inside[0], inside[2]]).to.deep.equal([inside[1], inside[3]]);
      expect(outputs.filter((output) => output.includes('create-distributed-lock: migrated'))).to.have.length(1);
      expect(outputs.filter((output) => output.includes('No migrations were executed'))).to.have.length(1);
    });

    it('is killed where the lease is lost, as any command is', async function () {
      this.timeout(60_000);
      this.slow(20_000);
      await using locks = new LockRegistry(database().newSequelize());
      await using others = new LockRegistry(database().newSequelize());
      const forever = ({ signal }: Lease) => promisify(execFile)(process.execPath, ['-e', 'setTimeout(() => {}, 600_000)'], { signal });
      locks.on('acquired', () => void others.forceRelease('migrations', { now: true }));
      const error = await failureOf(locks.run('migrations', forever, { ttl: 600 }), Error);
      expect([error.name, (error.cause as Error).name]).to.deep.equal(['AbortError', 'LeaseLostError']);
    });
  });

  for (const [name, toolFor] of Object.entries({ 'sequelize-cli': sequelizeCli, umzug })) {
    onDatabase(dialect, `The migration for ${name} (${dialect})`, (database) => {
      let sequelize: Sequelize;

      before(() => {
        sequelize = database().newSequelize();
      });

      const take = async () => {
        await using locks = new LockRegistry(sequelize, { create: false });
        const lease = await locks.acquire('report');
        expect(await lease.release()).to.equal(true);
        return await locks.doctor();
      };

      it('makes a lock table that a registry need not make itself, and drops it', async function () {
        this.timeout(60_000); // processes that compile TypeScript
        this.slow(20_000);
        const tool = toolFor(database(), sequelize);
        await failureOf(take(), LockTableError);
        await tool.up();
        expect((await take()).filter(({ code }) => code.startsWith('TABLE_'))).to.deep.equal([]);
        await tool.down();
        await failureOf(take(), LockTableError);
      });

      it('does no harm where a registry has made the table', async function () {
        this.timeout(60_000);
        this.slow(20_000);
        await using locks = new LockRegistry(sequelize);
        const lease = await locks.acquire('invoices');
        await toolFor(database(), sequelize).up();
        expect(await lease.release()).to.equal(true);
        expect((await take()).filter(({ code }) => code.startsWith('TABLE_'))).to.deep.equal([]);
      });
    });
  }
}
