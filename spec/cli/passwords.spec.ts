import { expect } from 'chai';
import fc from 'fast-check';
import { withoutPasswords } from '../../lib/cli/redact.js';
import { Dlock } from './dlock.js';

const commands = [
  ['exec', 'job', '--', 'true'],
  ['list'],
  ['list', '--json'],
  ['show', 'job'],
  ['release', 'job', '--force'],
  ['prune'],
  ['doctor'],
  ['init'],
  ['init', '--print'],
  ['init', '--table', 'a.b.c'],
  ['list', '--ulr=URL'],
  ['list', 'URL'],
  ['URL'],
] as const;

/** Nothing that a message has by itself. */
const password = fc
  .array(fc.constantFrom(...Array.from('QXZ§ß5#%&+;=?@[^{|}~:/')), { minLength: 4, maxLength: 12 })
  .map((chars) => `Q${chars.join('')}Z`);

describe('A password', () => {
  afterEach(() => Dlock.endAll());

  it('is in no output of any command, whatever it is made of and however the address is given', async function () {
    this.timeout(300_000); // many processes, on a machine that may be busy
    this.slow(60_000);
    const samples = fc.sample(password, commands.length);
    const leaks = commands.map(async (words, at) => {
      const secret = samples[at] ?? '';
      const escaped = encodeURIComponent(secret);
      const scheme = at % 2 === 0 ? 'postgres' : 'mysql';
      const url = `${scheme}://user:${escaped}@127.0.0.1:1/none`;
      const spelled = words.map((word) => word.replace('URL', url));
      const { stdout, stderr } = await Dlock.run(at % 3 === 0 ? ['--url', url, ...spelled] : spelled, { env: { DATABASE_URL: url } });
      expect(stdout + stderr).not.to.equal('');
      return [secret, escaped].filter((form) => (stdout + stderr).includes(form)).map((form) => `${words.join(' ')}: ${form}`);
    });
    expect((await Promise.all(leaks)).flat()).to.deep.equal([]);
  });

  it('is in no output where it was left unescaped', async function () {
    this.timeout(60_000);
    for (const url of [
      'postgres://user:QX#ZZ@127.0.0.1:1/none',
      'postgres://user:QX/ZZ@127.0.0.1:1/none',
      'postgres://user:12?ZZ@127.0.0.1:1/none',
    ]) {
      const { code, stderr } = await Dlock.run(['list'], { env: { DATABASE_URL: url } });
      expect({ code, leak: /QX|ZZ/.exec(stderr)?.[0] }, url).to.deep.equal({ code: 78, leak: undefined });
    }
  });

  it('is taken out of whatever a driver says, as it was written and as it is meant, and out of other addresses', () => {
    fc.assert(
      fc.property(password, password, (own, other) => {
        const address = `postgres://user:${encodeURIComponent(own)}@host/db?password=${encodeURIComponent(other)}`;
        const said = `cannot reach ${address} with ${own} or ${encodeURIComponent(own)}; nor ${other}, nor mysql://me:sec/r@t@host/db`;
        expect(said).to.contain(own); // what is to be taken out is there
        const shown = withoutPasswords(said, address);
        for (const secret of [own, encodeURIComponent(own), other, 'sec/r', 'r@t']) expect(shown).not.to.contain(secret);
        expect(shown).to.match(/^cannot reach postgres:.*mysql:\/\/me:\*\*\*@host\/db$/);
      }),
    );
  });
});
