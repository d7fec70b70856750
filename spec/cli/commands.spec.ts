import { expect } from 'chai';
import { onDatabase, type TestDatabase } from '../support/databases.js';
import { besideDlock } from './beside-dlock.js';
import { Dlock } from './dlock.js';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

for (const dialect of ['sqlite', 'postgres'] as const) onDatabase(dialect, `dlock for operators (${dialect})`, suite);

function suite(database: () => TestDatabase): void {
  const locks = besideDlock(database);
  const run = async (...words: string[]) => {
    const result = await Dlock.run(words, { env: { DATABASE_URL: database().url, CI: 'true' } });
    // A reader of pipes wants no colours, whatever the surroundings say.
    expect(result.stdout + result.stderr).not.to.contain('\x1b');
    return result;
  };
  const printed = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...words);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    return stdout;
  };

  describe('init', () => {
    it('makes the table, and leaves one alone that is there', async () => {
      expect(await printed('init', '--table', 'made')).to.equal('The lock table made is there.\n');
      const lease = await locks({ table: 'made', create: false }).acquire('job');
      expect(await printed('init', '--table', 'made')).to.equal('The lock table made is there.\n');
      expect(await lease.release()).to.equal(true);
    });

    it('prints SQL that makes the table, without touching the database', async () => {
      const sql = await printed('init', '--print', '--table', 'printed');
      const before = await run('list', '--table', 'printed');
      expect(before.stderr).to.match(/^dlock: There is no (lock table "printed"|file )/);
      for (const statement of sql.split(';\n').filter((text) => text.trim() !== '')) await database().newSequelize().query(statement);
      expect(await printed('list', '--table', 'printed')).to.equal('No lock is held.\n');
    });

    it('refuses a table that is somebody else’s', async () => {
      await database().newSequelize().query('CREATE TABLE theirs (id INTEGER)');
      const { code, stderr } = await run('init', '--table', 'theirs');
      expect(code).to.equal(78);
      expect(stderr).to.match(/^dlock: Lock table "theirs" is not a lock table: .*\n$/);
    });
  });

  describe('list and show', () => {
    it('say so where nothing is held, show with code 1', async () => {
      await printed('init');
      expect(await printed('list')).to.equal('No lock is held.\n');
      expect(await printed('list', '--json')).to.equal('[]\n');
      for (const json of [[], ['--json']])
        expect(await run('show', 'job', ...json)).to.deep.equal({
          ...{ code: 1, signal: null, stdout: '' },
          stderr: 'dlock: Nobody holds "job". See what is held with dlock list.\n',
        });
    });

    it('show what is held, as columns and as JSON that says the same', async () => {
      const registry = locks({ holder: 'some host' });
      const first = await registry.acquire('first');
      await registry.acquire('second one', { label: 'at work' });
      const [head, ...rows] = (await printed('list')).trimEnd().split('\n');
      expect(head).to.match(/^NAME +STATE +TOKEN +HOLDER +LABEL +SINCE +UNTIL +WAITING$/);
      expect(rows.sort()).to.have.length(2);
      expect(rows[1]?.split(/ {2,}/).slice(0, 2)).to.deep.equal(['second one', 'held']);

      const listed = JSON.parse(await printed('list', '--json')) as Record<string, unknown>[];
      expect(listed.map(({ name }) => name)).to.have.members(['first', 'second one']);
      const shown = JSON.parse(await printed('show', 'first', '--json')) as Record<string, unknown>;
      expect(shown).to.include({
        name: 'first',
        fencingToken: first.fencingToken,
        holder: 'some host',
        label: '',
        releasedAt: null,
        revoked: false,
        waiters: 0,
      });
      expect(shown.acquiredAt).to.equal(first.acquiredAt.toISOString());
      expect(shown.expiresAt).to.match(TIME);
      const text = await printed('show', 'second one');
      expect(text).to.match(/^name +second one\nstate +held\ntoken +\d{16}\nholder +some host\nlabel +at work\nsince +/);
    });

    it('name a lock that rests as one', async () => {
      const lease = await locks().acquire('rests', { minHold: '30s' });
      await lease.release();
      expect(await printed('show', 'rests')).to.match(/\nstate +rests, given back at /);
      expect(await printed('list')).to.match(/^rests +rests +/m);
    });

    it('spell out what would move the cursor or colour the screen', async () => {
      await locks({ holder: 'a\nb' }).acquire('\x1b[31mred\u009b');
      const text = await printed('list');
      expect(text).to.contain('\\u{1b}[31mred\\u{9b}').and.contain('a\\u{a}b');
      expect(JSON.parse(await printed('show', '\x1b[31mred\u009b', '--json'))).to.include({ name: '\x1b[31mred\u009b', holder: 'a\nb' });
    });
  });

  describe('release', () => {
    it('without --force changes nothing, says whose the lock is and what it would do, and ends with 64', async () => {
      const lease = await locks({ holder: 'some host' }).acquire('job');
      for (const now of [[], ['--now']]) {
        const { code, stdout, stderr } = await run('release', 'job', ...now);
        expect({ code, stdout }).to.deep.equal({ code: 64, stdout: '' });
        expect(stderr).to.match(/^dlock: Nothing was changed: "job" is held by some host since .* With --force no renewal .*\n$/);
      }
      await lease.extend('10s'); // an operator's release would be seen here
      expect(await lease.release()).to.equal(true);
    });

    it('with --force revokes: the lock stays taken until the lease ends', async () => {
      const lease = await locks({ ttl: '30s' }).acquire('job');
      expect(await printed('release', 'job', '--force')).to.match(/^Revoked "job": it is free at \d{4}-.*Z\.\n$/);
      expect(await locks().tryAcquire('job')).to.equal(undefined);
      const failure: unknown = await lease.extend('10s').catch((error: unknown) => error);
      expect(failure).to.include({ code: 'LEASE_LOST', reason: 'revoked' });
    });

    it('with --force --now frees it at once', async () => {
      await locks({ ttl: '30s', holder: 'some\x1bhost' }).acquire('stuck');
      expect(await printed('release', 'stuck', '--force', '--now')).to.equal(
        'Freed "stuck". Until its next renewal some\\u{1b}host does not know, and may still work.\n',
      );
      expect(await locks().tryAcquire('stuck')).not.to.equal(undefined);
    });

    it('ends with 1 where nobody holds it', async () => {
      await printed('init');
      expect(await run('release', 'free', '--force')).to.include({ code: 1, stdout: '' });
    });
  });

  describe('prune', () => {
    it('deletes what has been free for so long, and nothing else', async () => {
      await printed('init', '--table', 'pruned');
      const registry = locks({ table: 'pruned' });
      await (await registry.acquire('old')).release();
      await registry.acquire('held');
      const hours = 3_600_000;
      await database()
        .newSequelize()
        .query(`UPDATE pruned SET expires_at = expires_at - ${2 * hours}, released_at = released_at - ${2 * hours} WHERE name = 'old'`);
      const idle = async () => printed('prune', '--table', 'pruned', '--idle-for', '1h');
      expect(await printed('prune', '--table', 'pruned')).to.equal('Deleted 0 rows.\n');
      expect(await idle()).to.equal('Deleted 1 row.\n');
      expect(await idle()).to.equal('Deleted 0 rows.\n');
      expect(await registry.inspect('held')).not.to.equal(undefined);
    });
  });

  describe('doctor', () => {
    it('says what it found, changes nothing, and ends with 1 where that is a risk', async () => {
      const first = await run('doctor', '--table', 'examined');
      expect(first.stderr).to.equal('');
      expect(first.stdout).to.match(/^advice TABLE_MISSING: .*\n {2}touches: .*\n {2}remedy: /m);
      await printed('init', '--table', 'examined');
      const sequelize = database().newSequelize();
      await sequelize.query('ALTER TABLE examined ADD COLUMN more INTEGER');
      const { code, stdout } = await run('doctor', '--table', 'examined', '--json');
      const findings = JSON.parse(stdout) as { code: string; level: string }[];
      expect(findings.map((finding) => finding.code))
        .to.include('TABLE_HAS_MORE')
        .and.not.include('TABLE_MISSING');
      expect(code).to.equal(findings.some(({ level }) => level === 'risk') ? 1 : 0);

      await sequelize.query('ALTER TABLE examined DROP COLUMN holder');
      const risky = await run('doctor', '--table', 'examined');
      expect(risky).to.include({ code: 1, stderr: '' });
      expect(risky.stdout).to.match(/^risk TABLE_DIFFERS: /m);
    });
  });
}
