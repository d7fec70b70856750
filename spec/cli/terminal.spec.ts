import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { onDatabase, type TestDatabase } from '../support/databases.js';
import { unavailable } from '../support/requirements.js';
import { PROGRAM } from './dlock.js';

onDatabase('sqlite', 'dlock in a terminal', (database) => {
  before(function () {
    // Other systems have a program of that name with other options.
    if (!/util-linux/.test(String(spawnSync('script', ['--version']).stdout)))
      unavailable(this, 'script', 'there is no script of util-linux, which makes terminals');
  });
  beforeEach(function () {
    this.currentTest?.timeout(60_000); // several processes, on a machine that may be busy
    this.currentTest?.slow(10_000);
  });

  it('shows colours, unless NO_COLOR is set', async () => {
    const seen = async (env: NodeJS.ProcessEnv) => (await inTerminal(database(), 'exec job -- "$@" list', env)).output;
    expect(await seen({ TERM: 'xterm' }))
      .to.contain('\x1b[1mNAME\x1b[22m')
      .and.match(/^job +held/m);
    expect(await seen({ TERM: 'xterm', NO_COLOR: '1' }))
      .to.match(/^NAME +STATE/m)
      .and.not.contain('\x1b');
  });

  it('passes a Ctrl-C on once, and lets its command read what is typed', async () => {
    const command = 'trap "n=x\\$n; echo INT \\$n" INT; echo ready; while [ -z "$a" ]; do read a; done; echo "read $a after $n"; exit 4';
    const { code, output } = await inTerminal(database(), `exec job -- sh -c '${command}'`, {}, [
      ['ready', '\x03'],
      ['INT x', 'typed\n'],
    ]);
    expect(code).to.equal(4);
    expect(output).to.match(/^read typed after x\r$/m);
  });
});

/** Runs it as a shell in a terminal would. `typed`: what to type once something was seen. */
async function inTerminal(
  database: TestDatabase,
  words: string,
  env: NodeJS.ProcessEnv,
  typed: readonly (readonly [string, string])[] = [],
) {
  const program = `set -- '${process.execPath}' '${PROGRAM}'; exec "$@" ${words}`;
  const terminal = spawn('script', ['-qec', program, '/dev/null'], {
    stdio: 'pipe',
    // Where CI is set, Node takes no terminal for one with colours.
    env: { ...process.env, NO_COLOR: undefined, CI: undefined, DATABASE_URL: database.url, SHELL: '/bin/sh', ...env },
  });
  const [...keys] = typed;
  let output = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    const [next] = keys;
    if (next && output.includes(next[0])) {
      keys.shift();
      terminal.stdin.write(next[1]);
    }
  });
  const [code] = (await once(terminal, 'close')) as [number | null];
  return { code, output };
}
