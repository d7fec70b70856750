import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Dlock } from './dlock.js';

const NOWHERE = 'postgres://127.0.0.1:1/none';
const MISSING_FILE = join(tmpdir(), 'locks-cli-no-such-file.db');

/** A machine without the driver of PostgreSQL. */
const WITHOUT_PG = `--import=data:text/javascript,${encodeURIComponent(`
  import Module from 'node:module';
  const resolve = Module._resolveFilename;
  Module._resolveFilename = (name, ...rest) => {
    if (name === 'pg') throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
    return resolve(name, ...rest);
  };`)}`;

interface BadInput {
  readonly title: string;
  readonly words: readonly string[];
  readonly url?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly code: number;
  readonly says: RegExp;
}

const badInputs: readonly BadInput[] = [
  { title: 'no command at all', words: [], code: 64, says: /There is no command\. Choose one/ },
  { title: 'a command that there is not', words: ['lst'], code: 64, says: /unknown command 'lst'.*Did you mean list\?/ },
  { title: 'an option that there is not', words: ['list', '--jsn'], code: 64, says: /unknown option '--jsn'/ },
  { title: 'an option without its value', words: ['exec', 'x', '--wait'], code: 64, says: /--wait <duration>' argument missing/ },
  {
    title: 'a duration without a unit',
    words: ['exec', 'x', '--wait', '5', '--', 'true'],
    code: 64,
    says: /"wait" must be .* such as '30s'/,
  },
  {
    title: 'a ttl out of bounds',
    words: ['exec', 'x', '--ttl', '1ms', '--', 'true'],
    code: 64,
    says: /"ttl" must be between 200ms and 30d/,
  },
  {
    title: 'a grace that is no duration',
    words: ['exec', 'x', '--kill-after', 'soon', '--', 'true'],
    code: 64,
    says: /"kill-after" must be/,
  },
  { title: 'exec without a name', words: ['exec'], code: 64, says: /missing required argument 'name'/ },
  { title: 'exec without a command', words: ['exec', 'x'], code: 64, says: /no command to run\. Write it after --/ },
  { title: 'an empty name', words: ['show', ''], code: 64, says: /name must not be empty/ },
  { title: 'a name that is too long', words: ['show', 'x'.repeat(2_000)], code: 64, says: /up to 1024 bytes/ },
  { title: 'two ways to meet a busy lock', words: ['exec', 'x', '--skip', '--fail', '--', 'true'], code: 64, says: /cannot be used with/ },
  { title: 'an argument too many', words: ['list', 'x'], code: 64, says: /too many arguments/ },
  { title: 'a table’s name that is none', words: ['list', '--table', 'a.b.c'], code: 64, says: /"table" must be a table's name/ },
  { title: 'a printed table’s name that is none', words: ['init', '--print', '--table', 'a.b.c'], code: 64, says: /"table" must be/ },
  { title: 'no database', words: ['list'], url: '', code: 78, says: /Pass --url or set DATABASE_URL: postgres:/ },
  { title: 'a database that keeps no locks', words: ['list'], url: 'redis://h/1', code: 78, says: /names no database that keeps locks/ },
  { title: 'a database in memory', words: ['list'], url: 'sqlite::memory:', code: 78, says: /shared with nobody\. Name a file/ },
  { title: 'a file that there is not', words: ['list'], url: `sqlite:${MISSING_FILE}`, code: 78, says: /There is no file .*dlock init/ },
  { title: 'an unreadable address', words: ['list'], url: 'postgres://u:a/b@h/db', code: 78, says: /cannot be read\. Write it as/ },
  {
    title: 'a missing driver',
    words: ['list'],
    env: { NODE_OPTIONS: WITHOUT_PG },
    code: 78,
    says: /PostgreSQL needs .* Run: npm install pg/,
  },
  { title: 'a server that is not there', words: ['list'], code: 69, says: /The database failed at "columns": .*ECONNREFUSED.* reachable/ },
  { title: 'a server that is not there, to exec', words: ['exec', 'x', '--', 'true'], code: 69, says: /The database failed at/ },
];

describe('dlock, given', () => {
  afterEach(() => Dlock.endAll());

  for (const { title, words, url = NOWHERE, env, code, says } of badInputs) {
    it(`${title}, says in one line what to do, and ends with ${code}`, async function () {
      this.timeout(60_000); // a process, on a machine that may be busy, that tries a server several times
      this.slow(10_000);
      const result = await Dlock.run(words, { env: { DATABASE_URL: url, ...env } });
      const lines = result.stderr.trimEnd().split('\n');
      // Without a command the help comes first.
      const said = words.length === 0 ? lines.slice(-1) : lines;
      expect(said, result.stderr).to.have.length(1);
      expect(said[0])
        .to.match(/^dlock: /)
        .and.match(says);
      expect(result).to.include({ code, stdout: '' });
      expect(result.stderr).not.to.match(/^\s+at /m);
    });
  }

  it('a file that there is not, makes none by looking for locks in it', async function () {
    this.timeout(60_000);
    const env = { DATABASE_URL: `sqlite:${MISSING_FILE}` };
    for (const words of [['list'], ['doctor'], ['prune'], ['show', 'x'], ['release', 'x', '--force']])
      expect((await Dlock.run(words, { env })).code, words.join(' ')).to.equal(78);
    expect(existsSync(MISSING_FILE)).to.equal(false);
  });
});
