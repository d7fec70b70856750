import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { exitCodes } from '../../lib/cli/exit-codes.js';
import * as dialects from '../../lib/dialects/index.js';
import { allBlocks } from '../support/documents.js';
import { Dlock } from './dlock.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const COMMANDS = ['exec', 'list', 'show', 'release', 'prune', 'doctor', 'init'];

describe('dlock’s help', () => {
  const page = readFileSync(`${root}docs/command-line.md`, 'utf8');

  before(function () {
    this.timeout(30_000);
  });
  beforeEach(function () {
    this.currentTest?.timeout(60_000); // several processes, on a machine that may be busy
    this.currentTest?.slow(10_000);
  });
  afterEach(() => Dlock.endAll());

  it('names the commands and every exit code', async () => {
    const { code, stdout, stderr } = await Dlock.run(['--help']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    for (const command of COMMANDS) expect(stdout).to.match(new RegExp(`^ {2}${command} `, 'm'));
    for (const row of exitCodes) expect(stdout).to.contain(`  ${row.code.padEnd(7)}${row.means}\n`);
  });

  it('has examples for each command, and each is in the page with its options', async () => {
    const helps = await Promise.all(COMMANDS.map((command) => Dlock.run([command, '--help'])));
    for (const [at, { code, stdout }] of helps.entries()) {
      const command = COMMANDS[at] ?? '';
      expect(code).to.equal(0);
      expect(stdout).to.match(new RegExp(`Examples?:\\n {2}dlock ${command}`));
      expect(page).to.contain(`dlock ${command}`);
      const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option = '']) => option);
      for (const option of options.filter((name) => name !== '--help')) expect(page, `${command} ${option}`).to.contain(option);
    }
  });

  it('has every option that the documents use', async () => {
    const used = allBlocks('sh').flatMap(({ at, code }) =>
      // What follows "--" is the command's own.
      [...code.matchAll(/\bdlock (\w+)(.*?)(?: -- .*|#.*)?$/gm)].map(([, command = '', words = '']) => ({ at, command, words })),
    );
    expect(used.length).to.be.above(10);
    const helps = new Map(
      await Promise.all(COMMANDS.map(async (command) => [command, (await Dlock.run([command, '--help'])).stdout] as const)),
    );
    for (const { at, command, words } of used) {
      const known = `${helps.get(command) ?? ''} --url --table`;
      expect(COMMANDS, at).to.include(command);
      for (const [option] of words.matchAll(/--[a-z-]+/g)) expect(known, `${at}, dlock ${command}`).to.contain(option);
    }
  });

  it('never shows what the variable with the address holds', async () => {
    const { stdout } = await Dlock.run(['--help'], { env: { DATABASE_URL: 'postgres://u:QXZ@h/db' } });
    expect(stdout).to.contain('DATABASE_URL').and.not.contain('QXZ');
  });

  it('has the exit codes of the page', () => {
    const rows = [...page.matchAll(/^\| +(\d[\d+n]*) +\| (.+?) +\|$/gm)].map(([, code, means = '']) => ({
      code,
      means: means.replaceAll('`', ''),
    }));
    expect(rows).to.deep.equal(exitCodes);
  });

  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };
    expect(await Dlock.run(['--version'])).to.include({ code: 0, stdout: `${version}\n` });
  });
});

describe('dlock init --print', () => {
  for (const [scheme, dialect] of [...Object.entries(dialects), ['postgresql', dialects.postgres] as const]) {
    it(`knows the SQL of ${scheme}, without a server or a driver`, async function () {
      this.timeout(60_000);
      const sql = dialect.statements({ schema: 'ops', table: 'locks' }).createSql();
      const { code, stdout } = await Dlock.run(['init', '--print', '--url', `${scheme}:`, '--table', 'ops.locks']);
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: `${sql}\n` });
    });
  }
});
