import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { PROMISES } from '../lib/core/promises.js';
import { dialectContract } from '../lib/testing/index.js';
import { allFaults } from './faults/support/catalogue.js';
import { readReadme } from './support/readme.js';

const root = fileURLToPath(new URL('../', import.meta.url));

interface Promised {
  readonly title: string;
  /** What is said to check it, one item of the list each. */
  readonly tests: readonly string[];
}

describe('The page of guarantees', () => {
  const page = readFileSync(`${root}docs/guarantees.md`, 'utf8');
  const promised = page.split(/^## /m).slice(1).map(read);

  it('names tests for each promise and each limit', () => {
    expect(promised).to.have.length.above(10);
    expect(promised.filter(({ tests }) => tests.length === 0).map(({ title }) => title)).to.deep.equal([]);
  });

  it('has every promise of the README, in the same words', () => {
    const [, section = ''] = readReadme().split('\n## What it guarantees\n');
    const [own = ''] = section.split('\n## ');
    const titles = [...own.matchAll(/^- \*\*([^*]+?)[.,]?\*\*/gm)].map(([, title]) => title);
    expect(titles).to.have.length.above(8);
    expect(promised.map(({ title }) => title)).to.include.members(titles);
    expect([...Object.values(PROMISES)].filter((words) => !readReadme().includes(words))).to.deep.equal([]);
  });

  it('names tests that exist', async () => {
    const faults = (await allFaults()).map(({ id }) => id);
    const missing = promised.flatMap(({ title, tests }) =>
      tests.flatMap((test) => missingIn(test, faults)).map((what) => `${title}: ${what}`),
    );
    expect(missing).to.deep.equal([]);
  });

  it('would notice one that does not', () => {
    for (const wrong of [
      'contract › no such case',
      '`spec/fencing.spec.ts` › no such title',
      '`spec/none.spec.ts` › x',
      'fault F99',
      'model lease NONE',
      'somehow',
    ])
      expect(missingIn(wrong, ['F1']), wrong).to.have.length(1);
  });
});

function read(section: string): Promised {
  const [title = ''] = section.split('\n');
  const [own = ''] = section.split('\n# ');
  const tests = [...own.matchAll(/^- ([^]*?)(?=\n- |\n\n|\s*$)/gm)].map(([, test = '']) => test.replaceAll(/\s+/g, ' ').trim());
  return { title, tests };
}

/** What an item names and nobody has. */
function missingIn(test: string, faults: readonly string[]): string[] {
  const [kind = ''] = test.split(' ', 1);
  const named = kinds[kind] ?? (kind.startsWith('`spec/') ? inFile : undefined);
  return named ? named(test.slice(kind.length).replace(/^ ?›? ?/, ''), kind, faults) : [`"${test}" is no kind of test`];
}

type Finder = (rest: string, kind: string, faults: readonly string[]) => string[];

const kinds: Readonly<Record<string, Finder>> = {
  contract: (name) => (dialectContract.some((one) => one.name === name) ? [] : [`no case "${name}" in the contract`]),
  fault: (ids, _, faults) => ids.split(', ').flatMap((id) => (faults.includes(id) ? [] : [`no fault ${id}`])),
  model: (rest) => {
    const [model = '', ...variants] = rest.split(/,? /);
    const rows = readFileSync(`${root}spec/model/check.sh`, 'utf8')
      .split('\n')
      .filter((row) => new RegExp(`^breaks ${model} `).test(row));
    return variants.flatMap((variant) =>
      rows.some((row) => row.split(/ +/).includes(variant)) ? [] : [`no run of ${model} with ${variant}`],
    );
  },
};

const inFile: Finder = (title, quoted) => {
  const file = quoted.replaceAll('`', '');
  if (!existsSync(root + file)) return [`no file ${file}`];
  return readFileSync(root + file, 'utf8').includes(title) ? [] : [`nothing called "${title}" in ${file}`];
};
