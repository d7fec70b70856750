import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Sequelize } from 'sequelize';
import { registryOptions } from '../lib/engine/options.js';
import * as library from '../lib/index.js';
import { compile } from './support/compiler.js';
import { unavailable } from './support/requirements.js';
import { codeBlocks, firstColumn, readReadme, withDialectTable, writeReadme } from './support/readme.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(`${root}docs`)
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

/** What the documents take for granted: the application around their blocks. */
const application = `
  import type { Model, ModelStatic, Sequelize } from 'sequelize';
  import type { DistributedLock, LockRegistry } from 'sequelize-distributed-lock';
  declare global {
    const sequelize: Sequelize;
    const Account: ModelStatic<Model<{ id: number; balance: number }>>;
    const locks: LockRegistry;
    const oldLock: DistributedLock;
    const newLock: DistributedLock;
    function tick(): Promise<unknown>;
    function writeReport(options?: { signal?: AbortSignal }): Promise<string>;
    function moveMoney(from: string, to: string, amount: number): Promise<void>;
  }`;

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

describe('The documents', () => {
  for (const document of documents) {
    it(`${document} names no file, folder or script that is not there`, async () => {
      const text = await readFile(root + document, 'utf8');
      const { scripts } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> };
      const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path = '']) => join(dirname(document), path));
      const paths = [...text.matchAll(/`((?:lib|spec|examples|\.ci)\/[\w./-]*)`/g)].map(([, path = '']) => path);
      const missing = await Promise.all(
        [...links, ...paths].map((path) =>
          access(root + path).then(
            () => [],
            () => [path],
          ),
        ),
      );
      expect(missing.flat()).to.deep.equal([]);
      const commands = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
      expect(commands.filter((name) => !(name in scripts))).to.deep.equal([]);
    });
  }

  it('have no code that does not compile', function () {
    this.timeout(60_000); // a run of the compiler
    this.slow(30_000);
    // The guide to NestJS is for a compiler with other settings: spec/integrations/nestjs has its turn.
    const files = documents
      .filter((document) => !document.includes('nestjs'))
      .flatMap((document) =>
        codeBlocks(readFileSync(root + document, 'utf8')).map(({ line, code }) => [
          `${document.replace(/\W/g, '-')}-line-${line}.ts`,
          `${code}\nexport {};`,
        ]),
      );
    expect(files.length).to.be.above(5);
    expect(compile({ 'application.ts': application, ...(Object.fromEntries(files) as Record<string, string>) })).to.deep.equal([]);
  });

  it('docs/testing.md has tests that pass, as they are', async function () {
    this.timeout(30_000); // a process that compiles TypeScript, on a machine that may be busy
    this.slow(10_000);
    const tests = codeBlocks(readFileSync(`${root}docs/testing.md`, 'utf8')).filter(({ code }) => code.includes('assert'));
    expect(tests).to.have.length(4);
    await mkdir(`${root}.tmp`, { recursive: true });
    const folder = await mkdtemp(`${root}.tmp/documents-`);
    try {
      for (const { line, code } of tests) await writeFile(`${folder}/line-${line}.ts`, code);
      const runs = tests.map(({ line }) => `await import('./line-${line}.ts');`);
      await writeFile(
        `${folder}/all.ts`,
        ["globalThis.writeReport = async () => 'written';", ...runs, "console.log('passed');"].join('\n'),
      );
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', import.meta.resolve('tsx'), 'all.ts'], {
        cwd: folder,
        env: { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.json` },
      });
      expect(stdout).to.equal('passed\n');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('ARCHITECTURE.md has every folder and file at the top of lib on its map', async () => {
    const text = await readFile(`${root}ARCHITECTURE.md`, 'utf8');
    const entries = await readdir(`${root}lib`);
    expect(entries.filter((entry) => !text.includes(`\`lib/${entry}`))).to.deep.equal([]);
  });
});
