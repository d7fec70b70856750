import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Sequelize } from 'sequelize';
import { registryOptions } from '../lib/engine/options.js';
import * as library from '../lib/index.js';
import { compile } from './support/compiler.js';
import { application, codeBlocks } from './support/documents.js';
import { firstColumn, readReadme, withDialectTable, writeReadme } from './support/readme.js';
import { unavailable } from './support/requirements.js';

const root = fileURLToPath(new URL('../', import.meta.url));

describe('The README', () => {
  const readme = readReadme();
  const blocks = codeBlocks(readme);

  it('has the table of databases that the dialects declare (UPDATE=1 writes it)', async () => {
    const made = await withDialectTable(readme);
    if (process.env.UPDATE === '1') writeReadme(made);
    else expect(readme).to.equal(made);
  });

  it('lists every option of a registry, and no other', () => {
    expect(firstColumn(readme, 'Options').sort()).to.deep.equal([...registryOptions].sort());
  });

  it('lists every error code with its class', async () => {
    const source = await readFile(`${root}lib/core/errors.ts`, 'utf8');
    const codes = [...source.matchAll(/super\(\s*'([A-Z_]+)'/g)].map(([, code]) => code);
    expect(codes).not.to.be.empty;
    expect(firstColumn(readme, 'Errors')).to.have.members(codes);
    for (const name of Object.keys(library).filter((exported) => /^[A-Z].*Error$/.test(exported)))
      expect(readme, name).to.contain(`\`${name}\``);
  });

  it('lists every event', () => {
    const locks = new library.LockRegistry(new Sequelize({ dialect: 'postgres' }));
    const unknown = 'nonsense' as library.LockEventName;
    expect(() => locks.on(unknown, () => undefined)).to.throw(TypeError, `Events: ${firstColumn(readme, 'Events').join(', ')}.`);
  });

  it('names every policy, waker and wrapper', () => {
    const functions = Object.entries(library).flatMap(([name, value]) => (typeof value === 'function' ? name : []));
    const internal = ['LockError', 'isLockRegistry'];
    expect(functions.filter((name) => !internal.includes(name) && !new RegExp(`\\b${name}\\b`).test(readme))).to.deep.equal([]);
  });

  it('has no code that does not compile, with standard decorators and with experimental ones', function () {
    this.timeout(60_000); // two runs of the compiler
    this.slow(30_000);
    const files = Object.fromEntries(blocks.map(({ line, code }) => [`README-line-${line}.ts`, code]));
    expect(blocks).not.to.be.empty;
    expect(compile({ 'application.ts': application, ...files })).to.deep.equal([]);
    const decorated = Object.fromEntries(Object.entries(files).filter(([, code]) => code.includes('@Locked')));
    expect(decorated).not.to.be.empty;
    expect(compile({ 'application.ts': application, ...decorated }, { experimentalDecorators: true })).to.deep.equal([]);
  });

  it('begins with an example that runs as it is and ends by itself', async function () {
    this.timeout(20_000); // a process that compiles TypeScript, on a machine that may be busy
    this.slow(5_000);
    await import('sqlite3').catch((error: unknown) => unavailable(this, 'sqlite', String(error)));
    await mkdir(`${root}.tmp`, { recursive: true });
    const folder = await mkdtemp(`${root}.tmp/readme-`);
    try {
      await writeFile(`${folder}/example.ts`, blocks[0]?.code ?? '');
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', import.meta.resolve('tsx'), 'example.ts'], {
        cwd: folder,
        env: { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.json` },
      });
      expect(stdout).to.match(/^Nobody else is in here\. My token is \d{16}\.\n$/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
