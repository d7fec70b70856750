import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Every page that a user reads, from the root of the repository. */
export const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(`${root}docs`)
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

/** What the documents take for granted: the application around their blocks. */
export const application = `
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

export interface CodeBlock {
  /** Where it begins. */
  readonly line: number;
  readonly code: string;
}

/** The code of every block in this language, in order. */
export function codeBlocks(text: string, language = 'ts'): CodeBlock[] {
  return [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([^]*?)^ *\`\`\`$`, 'gm'))].map(
    ({ index, 1: indent = '', 2: code = '' }) => ({
      line: text.slice(0, index).split('\n').length + 1,
      code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
}

/** The same over all documents, each with where it is. */
export function allBlocks(language: string): { readonly at: string; readonly code: string }[] {
  return documents.flatMap((document) =>
    codeBlocks(readFileSync(root + document, 'utf8'), language).map(({ line, code }) => ({ at: `${document}:${line}`, code })),
  );
}
