import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import * as dialects from '../../lib/dialects/index.js';
import type { Dialect } from '../../lib/index.js';

const path = fileURLToPath(new URL('../../README.md', import.meta.url));
const BEGIN = '<!-- dialects:begin -->';
const END = '<!-- dialects:end -->';

export const readReadme = (): string => readFileSync(path, 'utf8');
export const writeReadme = (text: string): void => writeFileSync(path, text);

/** The README with its part about databases made anew from the facts that the dialects declare. */
export async function withDialectTable(readme: string): Promise<string> {
  const [before = '', , after = ''] = readme.split(/<!-- dialects:(?:begin|end) -->/);
  const known: readonly Pick<Dialect, 'name' | 'facts'>[] = Object.values(dialects);
  const rows = known.map((dialect) => `| ${Object.values(rowOf(dialect)).join(' | ')} |`);
  const [first] = known;
  const head = first ? Object.keys(rowOf(first)) : [];
  const table = [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...rows].join('\n');
  const limits = known.flatMap(({ facts: { title, limits } }) => limits.map((limit) => `- ${title}: ${limit}`)).join('\n');
  const part = await format(`${table}\n\n${limits}`, { parser: 'markdown', printWidth: 140 });
  return `${before}${BEGIN}\n\n${part}\n${END}${after}`;
}

function rowOf({ name, facts }: Pick<Dialect, 'name' | 'facts'>): Readonly<Record<string, string>> {
  return {
    Server: `${facts.title} ${facts.oldestServer}+`,
    'Specs run on': facts.testedOn.join(', ') || 'no server yet',
    'Sequelize dialect': `\`${name}\``,
    Driver: `\`${facts.driver}\``,
    'Shared by': facts.sharedBy,
    Clock: `\`${facts.clockSource}\``,
    'Waiters learn of a release by': facts.wakeUp,
    'Statements to ask, join, confirm, renew, release': Object.values(facts.statementsPerStep).join(', '),
    'Fenced transactions': facts.fencedTransactions,
    'Connections of use to a registry': Number.isFinite(facts.mostConnections) ? String(facts.mostConnections) : 'any number',
  };
}

/** The code-like words in the first column of the table under a heading. */
export function firstColumn(readme: string, heading: string): string[] {
  const [, section = ''] = readme.split(`\n## ${heading}\n`);
  const [own = ''] = section.split('\n## ');
  return [...own.matchAll(/^\| `([^`]+)`/gm)].map(([, word = '']) => word);
}
