import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import ts from 'typescript';
import { Child, endChildren } from './support/child.js';
import { compile } from './support/compiler.js';
import { allBlocks, application, codeBlocks, documents } from './support/documents.js';
import { unavailable } from './support/requirements.js';

const root = fileURLToPath(new URL('../', import.meta.url));

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

  it('have no JavaScript that cannot be parsed', () => {
    const blocks = allBlocks('js');
    expect(blocks).not.to.be.empty;
    for (const { at, code } of blocks) {
      const { diagnostics = [] } = ts.transpileModule(code, { fileName: 'block.js', reportDiagnostics: true });
      expect(
        diagnostics.map(({ messageText }) => messageText),
        at,
      ).to.deep.equal([]);
    }
  });

  it('have no command that a shell cannot read', async () => {
    const blocks = allBlocks('sh');
    expect(blocks).not.to.be.empty;
    await Promise.all(blocks.map(({ code }) => promisify(execFile)('sh', ['-n', '-c', code])));
  });

  it('docs/quick-start.md has a job that runs as it is, in one process at a time, and goes on where one is killed', async function () {
    this.timeout(60_000); // ticks of a clock, a lease that has to end
    this.slow(30_000);
    await import('sqlite3').catch((error: unknown) => unavailable(this, 'sqlite', String(error)));
    await mkdir(`${root}.tmp`, { recursive: true });
    const folder = await mkdtemp(`${root}.tmp/quick-start-`);
    try {
      const [service] = codeBlocks(readFileSync(`${root}docs/quick-start.md`, 'utf8'));
      await writeFile(`${folder}/service.ts`, service?.code ?? '');
      const start = () =>
        Child.start(pathToFileURL(`${folder}/service.ts`), [], { cwd: folder, env: { TSX_TSCONFIG_PATH: `${root}tsconfig.json` } });
      const [one, other] = [start(), start()];
      const writtenBy = ({ output }: Child) =>
        [...output.matchAll(/^(\S+) process \d+ writes the report$/gm)].map(([, at = '']) => Date.parse(at));
      const written = () => [one, other].flatMap(writtenBy).sort((a, b) => a - b);
      while (written().length < 3) await setTimeout(20);
      expect(one.output + other.output).to.match(/^process \d+ leaves it to another one$/m);

      const last = written().at(-1) ?? NaN;
      const [killed, left] = writtenBy(one).includes(last) ? [one, other] : [other, one];
      killed.kill('SIGKILL');
      await killed.exited;
      while (writtenBy(left).every((at) => at <= last)) await setTimeout(20);
      const gaps = written().flatMap((at, index, all) => (index === 0 ? [] : at - (all[index - 1] ?? 0)));
      // Each report takes so long, and belongs to one process.
      for (const gap of gaps) expect(gap).to.be.at.least(200);
    } finally {
      await endChildren();
      await rm(folder, { recursive: true });
    }
  });
});
