import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { compile } from '../support/compiler.js';
import { type PublicThing, publicThings } from '../support/public-api.js';
import { codeBlocks } from '../support/documents.js';

/** What the guide takes for granted: the application around its blocks. */
const surroundings = {
  'application.ts': `
    import type { Sequelize } from 'sequelize';
    declare global {
      const sequelize: Sequelize;
      function writeReport(options?: { signal?: AbortSignal | undefined }): Promise<string>;
      function expect(value: unknown): { toEqual(expected: unknown): void };
    }`,
  'app.module.ts': `export declare class AppModule {}`,
  'database.module.ts': `
    export declare class DatabaseModule {}
    export declare class Settings { readonly lockTtl: string; }`,
  'reports.module.ts': `
    export declare class ReportsModule {}
    export declare class Reports { hourly(): Promise<void>; refresh(id: string): Promise<void>; }`,
};

describe('The guide for Nest', () => {
  it('has no code that does not compile', async function () {
    this.timeout(60_000); // the compiler reads the types of Nest
    const guide = await readFile(new URL('../../docs/nestjs.md', import.meta.url), 'utf8');
    const blocks = codeBlocks(guide).map(({ line, code }) => [`nestjs-line-${line}.ts`, code] as const);
    expect(blocks).not.to.be.empty;
    expect(compile({ ...surroundings, ...Object.fromEntries(blocks) }, { experimentalDecorators: true })).to.deep.equal([]);
  });
});

describe('The entry for Nest', () => {
  let things: PublicThing[];

  before(function () {
    this.timeout(60_000); // the compiler reads the types of Nest
    things = publicThings('integrations/nestjs/index.ts');
  });

  it('exports these', () => {
    expect(things.map(({ name }) => name).filter((name) => /^\w+$/.test(name))).to.have.members([
      'InjectLocks',
      'LockModule',
      'LockModuleAsyncOptions',
      'LockModuleOptions',
      'LockModuleScope',
      'getLocksToken',
    ]);
  });

  it('describes everything that it exports', () => {
    expect(things.filter(({ described }) => !described).map(({ name }) => name)).to.deep.equal([]);
  });
});
