import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type Import, readSources, type Source } from './support/source.js';

interface Layer {
  /** Other layers whose files it may import, types included. */
  readonly layers: readonly string[];
  /** Packages it may import; those after `type` as types only. */
  readonly packages?: readonly string[];
}

const ROOT_FILES = 'root files';

/** Who may know what (ARCHITECTURE.md). */
const LAYERS: Readonly<Record<string, Layer>> = {
  core: { layers: [], packages: ['ms', 'yallist'] },
  contracts: { layers: ['core'], packages: ['type sequelize'] },
  policies: { layers: ['core', 'contracts'], packages: ['p-retry'] },
  dialects: { layers: ['core', 'contracts'], packages: ['node:crypto'] },
  wakers: { layers: ['core', 'contracts'], packages: ['node:crypto'] },
  adapters: { layers: ['core', 'contracts'], packages: ['sequelize', 'signal-exit', 'node:*'] },
  engine: { layers: ['core', 'contracts'], packages: ['node:async_hooks', 'node:crypto', 'type sequelize'] },
  testing: {
    layers: ['core', 'contracts', 'adapters', 'engine', ROOT_FILES],
    packages: ['node:assert', 'node:timers/promises', 'type sequelize'],
  },
  [ROOT_FILES]: { layers: ['core', 'contracts', 'policies', 'wakers', 'dialects', 'adapters', 'engine'], packages: ['type sequelize'] },
  integrations: {
    layers: ['core', 'contracts', 'adapters', 'engine', ROOT_FILES],
    packages: [
      '@nestjs/common',
      '@nestjs/core',
      '@opentelemetry/api',
      'node:diagnostics_channel',
      'type node-cron',
      'type sequelize',
      'type umzug',
    ],
  },
  cli: { layers: [ROOT_FILES, 'core', 'adapters'], packages: ['cli-table3', 'commander', 'picocolors', 'sequelize', 'node:*'] },
};

const TIME = ['Date.now', 'new Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'AbortSignal.timeout'];
const CHANCE = ['Math.random'];
const PROCESS = ['process'];
const NOWHERE = ['console', 'fetch', 'eval'];
const DATABASES = ['postgres', 'mysql', 'mariadb', 'mssql', 'sqlite', 'oracle', 'db2', 'snowflake'];

describe('The architecture', () => {
  const sources = readSources(fileURLToPath(new URL('../lib', import.meta.url)));
  const files = new Map(sources.map((source) => [source.file, source]));

  const offences = (find: (source: Source) => string[]): string[] =>
    sources.flatMap((source) => find(source).map((what) => `${source.file}: ${what}`));
  const badImports = (isBad: (found: Import, source: Source) => boolean): string[] =>
    offences((source) => source.imports.filter((found) => isBad(found, source)).map(({ target }) => target));

  it('has no files outside its layers', () => {
    expect(sources.map(({ file }) => layerOf(file)).filter((layer) => !LAYERS[layer])).to.deep.equal([]);
  });

  it('imports in one direction: no layer knows one that is not named beside it', () => {
    const isBad = ({ target }: Import, { file }: Source): boolean =>
      isFile(target) && layerOf(target) !== layerOf(file) && !LAYERS[layerOf(file)]?.layers.includes(layerOf(target));
    expect(badImports(isBad)).to.deep.equal([]);
  });

  it('imports no package that its layer has no business with', () => {
    expect(badImports((found, { file }) => !isFile(found.target) && !mayUse(LAYERS[layerOf(file)], found))).to.deep.equal([]);
  });

  it('keeps every dialect ignorant of the others: they share dialects/sql, and the rest of the library knows their list only', () => {
    const isBad = ({ target }: Import, { file }: Source): boolean => {
      if (!isFile(target) || layerOf(target) !== 'dialects') return false;
      if (layerOf(file) !== 'dialects') return target !== 'dialects/index.ts';
      if (file === 'dialects/index.ts') return !/^dialects\/([^/]+|[^/]+\/index)\.ts$/.test(target);
      return ![dialectOf(file), 'sql'].includes(dialectOf(target));
    };
    expect(badImports(isBad)).to.deep.equal([]);
  });

  it('has no circle of imports, types aside', () => {
    const valuesOf = (file: string): string[] => importsOf(files, file, ({ typeOnly }) => !typeOnly);
    expect(sources.map(({ file }) => file).filter((file) => reachable(valuesOf(file), valuesOf).has(file))).to.deep.equal([]);
  });

  it('has no file that no entry point reaches, and no import without a file', () => {
    const reached = reachable(entryPoints(), (file) => importsOf(files, file));
    expect(sources.map(({ file }) => file).filter((file) => !reached.has(file))).to.deep.equal([]);
    expect([...reached].filter((file) => !files.has(file))).to.deep.equal([]);
  });

  it('lets time and chance in by one door each, and the process by the adapters and the command line only', () => {
    const users = (globals: readonly string[]): string[] =>
      sources.filter((source) => globals.some((name) => source.globals.has(name))).map(({ file }) => file);
    expect(users([...TIME, ...CHANCE]).filter((file) => layerOf(file) !== 'adapters')).to.deep.equal([]);
    expect(users(PROCESS).filter((file) => !['adapters', 'cli'].includes(layerOf(file)))).to.deep.equal([]);
    expect(users(TIME)).to.have.length.at.most(1);
    expect(users(CHANCE)).to.have.length.at.most(1);
    expect(users(NOWHERE)).to.deep.equal([]);
  });

  it('names a database nowhere but in its dialect', () => {
    expect(offences(({ file, texts }) => (layerOf(file) === 'dialects' ? [] : DATABASES.filter((name) => texts.has(name))))).to.deep.equal(
      [],
    );
  });
});

function isFile(target: string): boolean {
  return target.endsWith('.ts');
}

function layerOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : ROOT_FILES;
}

/** `dialects/postgres/take.ts` and `dialects/postgres.ts` are postgres. */
function dialectOf(file: string): string | undefined {
  return /^dialects\/([^/.]+)/.exec(file)?.[1];
}

function mayUse(layer: Layer | undefined, { target, typeOnly }: Import): boolean {
  const names = [target, target.replace(/^node:.*/, 'node:*')];
  return (layer?.packages ?? []).some((allowed) => names.includes(allowed) || (typeOnly && names.includes(allowed.replace(/^type /, ''))));
}

function importsOf(files: ReadonlyMap<string, Source>, file: string, which: (found: Import) => boolean = () => true): string[] {
  return (files.get(file)?.imports ?? [])
    .filter(which)
    .map(({ target }) => target)
    .filter(isFile);
}

function reachable(start: readonly string[], next: (file: string) => readonly string[]): Set<string> {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    next(file).forEach(visit);
  };
  start.forEach(visit);
  return reached;
}

/** The files that the package's `exports` are built from. */
function entryPoints(): string[] {
  const { tsdown } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    tsdown: { entry: Record<string, string> }[];
  };
  return tsdown.flatMap(({ entry }) => Object.values(entry)).map((path) => path.replace(/^lib\//, ''));
}
