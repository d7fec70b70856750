import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { QueryInterface, Sequelize } from 'sequelize';
import { type MigrationFn, SequelizeStorage, Umzug } from 'umzug';
import { LockRegistry, LockTableError } from '../../lib/index.js';
import { onDatabase, type TestDatabase } from '../support/databases.js';
import { failureOf } from '../support/outcome.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const examples = `${root}examples/migrations`;

interface Tool {
  up(): Promise<unknown>;
  down(): Promise<unknown>;
}

/** The real command line, in a process of its own. */
function sequelizeCli(database: TestDatabase): Tool {
  const run = (command: string) =>
    promisify(execFile)(
      process.execPath,
      [
        ...['--import', import.meta.resolve('tsx'), fileURLToPath(import.meta.resolve('sequelize-cli/lib/sequelize')), command],
        ...['--url', database.url, '--migrations-path', `${examples}/sequelize-cli`],
      ],
      { cwd: root, env: { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.json` } },
    );
  return { up: () => run('db:migrate'), down: () => run('db:migrate:undo') };
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
  for (const [name, toolFor] of Object.entries({ 'sequelize-cli': sequelizeCli, umzug })) {
    onDatabase(dialect, `The migration for ${name} (${dialect})`, (database) => {
      it('makes a lock table that a registry need not make itself, and drops it', async function () {
        this.timeout(60_000); // processes that compile TypeScript
        this.slow(20_000);
        const sequelize = database().newSequelize();
        const tool = toolFor(database(), sequelize);
        const take = async () => {
          await using locks = new LockRegistry(sequelize, { create: false });
          const lease = await locks.acquire('report');
          expect(await lease.release()).to.equal(true);
          return await locks.doctor();
        };

        await failureOf(take(), LockTableError);
        await tool.up();
        expect((await take()).filter(({ code }) => code.startsWith('TABLE_'))).to.deep.equal([]);
        await tool.down();
        await failureOf(take(), LockTableError);
      });
    });
  }
}
