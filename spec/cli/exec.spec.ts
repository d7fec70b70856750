import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { onDatabase, type TestDatabase } from '../support/databases.js';
import { besideDlock } from './beside-dlock.js';
import { Dlock } from './dlock.js';

/** Until a signal ends it; not for ever, whatever becomes of the spec. */
const FOR_LONG = 'for i in $(seq 1000); do sleep 0.05; done';
/** Says so when TERM comes, and ends. */
const ENDS_ON_TERM = `trap "echo got TERM; exit 7" TERM; echo ready; ${FOR_LONG}`;
/** Holds out against TERM, with a process beside it that does so too; both write to its output. */
const IGNORES_TERM = `trap 'echo got TERM' TERM; sh -c 'trap : TERM; echo ready; ${FOR_LONG}' & ${FOR_LONG}`;
/** Ends on TERM, and what it has started does not. */
const LEAVES_ONE_BEHIND = `trap 'echo got TERM; exit 7' TERM; sh -c 'trap : TERM; echo ready; ${FOR_LONG}' & wait`;

for (const dialect of ['sqlite', 'postgres'] as const) onDatabase(dialect, `dlock exec (${dialect})`, suite);

function suite(database: () => TestDatabase): void {
  const locks = besideDlock(database);
  const env = (): NodeJS.ProcessEnv => ({ DATABASE_URL: database().url });
  const run = (...words: string[]) => Dlock.run(['exec', ...words], { env: env() });
  const start = (...words: string[]) => Dlock.start(['exec', ...words], { env: env() });

  describe('that gets the lock', () => {
    it('ends as its command does, and leaves the lock free', async () => {
      const { code, stdout, stderr } = await run('job', '--', 'sh', '-c', 'echo "$1"; echo wrong >&2; exit 3', 'sh', '--skip');
      expect({ code, stdout, stderr }).to.deep.equal({ code: 3, stdout: '--skip\n', stderr: 'wrong\n' });
      expect(await locks().inspect('job')).to.equal(undefined);
    });

    it('ends with 128 and its number where a signal ended the command', async () => {
      expect((await run('job', '--', 'sh', '-c', 'kill -KILL $$')).code).to.equal(137);
    });

    it('gives the command its standard input', async () => {
      const dlock = start('job', '--', 'cat');
      dlock.write('through and through');
      expect((await dlock.closed).stdout).to.equal('through and through');
    });

    it('tells the command name and fencing token, which grows', async () => {
      const told = async () => (await run('näme 1', '--', 'sh', '-c', 'echo "$LOCK_NAME/$LOCK_TOKEN"')).stdout.trim().split('/');
      const [name, first] = await told();
      const [, second] = await told();
      expect(name).to.equal('näme 1');
      expect(first).to.match(/^\d{16}$/);
      expect(Number(second)).to.be.above(Number(first));
    });

    it('shows operators who it is and what it runs, without the arguments', async () => {
      const dlock = start('job', '--', 'sh', '-c', 'echo ready; read line', 'secret-argument');
      await dlock.output(/ready/);
      const info = await locks().inspect('job');
      expect(info).to.include({ label: 'sh' });
      expect(JSON.stringify(info)).not.to.contain('secret-argument');
      dlock.write('\n');
      expect((await dlock.closed).code).to.equal(0);
    });

    it('keeps it for longer than its ttl while the command runs', async () => {
      const dlock = start('job', '--ttl', '2s', '--', 'sh', '-c', 'echo ready; read line; exit 4');
      await dlock.output(/ready/);
      const registry = locks();
      const first = await registry.inspect('job');
      const renewed = async (): Promise<boolean> => {
        const now = await registry.inspect('job');
        return Number(now?.expiresAt) > Number(first?.expiresAt) + 2_000;
      };
      while (!(await renewed())) expect(await registry.tryAcquire('job')).to.equal(undefined);
      dlock.write('\n');
      expect((await dlock.closed).code).to.equal(4);
    });

    it('ends before what its command has left in the background, and leaves that alone', async () => {
      // What is in the background goes on when its input ends, and that ends with dlock.
      const dlock = start('job', '--', 'sh', '-c', 'exec 3<&0; (cat <&3; echo later) & echo first');
      expect(await dlock.exited).to.deep.equal({ code: 0, signal: null });
      expect((await dlock.closed).stdout).to.equal('first\nlater\n');
    });

    it('says in one line, with 127 or 126, that there is no such command or that it cannot be run', async () => {
      const missing = await run('job', '--', 'no-such-command');
      expect(missing.code).to.equal(127);
      expect(missing.stderr).to.equal('dlock: There is no command "no-such-command". Check its spelling and PATH.\n');
      const folder = await run('job', '--', tmpdir());
      expect(folder.code).to.equal(126);
      expect(folder.stderr).to.match(/^dlock: The command ".*" cannot be run \(EACCES\)\. Check that it is executable\.\n$/);
      expect(await locks().inspect('job')).to.equal(undefined);
    });
  });

  describe('while somebody else has the lock', () => {
    it('runs nothing: with --skip it ends with 0 and silently, with --fail with 75, and with 79 when --wait is over', async () => {
      await locks({ holder: 'another host' }).acquire('job');
      const [skipped, failed, waited] = await Promise.all([
        run('job', '--skip', '--', 'echo', 'ran'),
        run('job', '--fail', '--', 'echo', 'ran'),
        run('job', '--wait', '300ms', '--', 'echo', 'ran'),
      ]);
      expect(skipped).to.deep.equal({ code: 0, signal: null, stdout: '', stderr: '' });
      expect(failed).to.include({ code: 75, stdout: '' });
      expect(failed.stderr).to.match(/^dlock: Lock "job" is held by another host since \S+Z until \S+Z\. Stand in line with --wait\.\n$/);
      expect(waited).to.include({ code: 79, stdout: '' });
      expect(waited.stderr).to.match(/^dlock: Lock "job" was still held by another host .* after \d+ ms\. Wait longer .*\n$/);
    });

    it('stands in line, and runs when it is its turn', async () => {
      const lease = await locks().acquire('job');
      const dlock = start('job', '--', 'echo', 'ran');
      const registry = locks();
      while ((await registry.inspect('job'))?.waiters !== 1);
      await lease.release();
      expect(await dlock.closed).to.include({ code: 0, stdout: 'ran\n' });
    });

    it('gives up its wait on a signal, and ends with 128 and its number', async () => {
      const lease = await locks().acquire('job');
      const dlock = start('job', '--', 'echo', 'ran');
      const registry = locks();
      while ((await registry.inspect('job'))?.waiters !== 1);
      dlock.kill('SIGTERM');
      expect(await dlock.closed).to.deep.equal({
        ...{ code: 143, signal: null, stdout: '' },
        stderr: 'dlock: SIGTERM came before the lock was granted, and nothing was run.\n',
      });
      await lease.release();
      expect(await registry.tryAcquire('job')).not.to.equal(undefined);
    });

    it('never runs beside another one: of six at once each has a folder to itself, which two without a lock have not', async () => {
      const parent = await mkdtemp(join(tmpdir(), 'locks-cli-'));
      try {
        const alone = ['sh', '-c', 'mkdir "$0/only" && sleep 0.1 && rmdir "$0/only"', parent];
        const six = await Promise.all(Array.from({ length: 6 }, () => run('shared', '--', ...alone)));
        expect(six.map(({ code }) => code)).to.deep.equal(Array(6).fill(0));
        const apart = ['sh', '-c', 'mkdir "$0/both" && echo ready && read line', parent];
        const first = start('one', '--', ...apart);
        await first.output(/ready/);
        expect((await run('two', '--', ...apart)).code).to.equal(1);
      } finally {
        await rm(parent, { recursive: true });
      }
    });
  });

  describe('when a signal comes', () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      it(`passes ${signal} on, and ends as the command makes of it`, async () => {
        const short = signal.slice(3);
        const dlock = start('job', '--', 'sh', '-c', `trap "echo got ${short}; exit 9" ${short}; echo ready; ${FOR_LONG}`);
        await dlock.output(/ready/);
        dlock.kill(signal);
        expect(await dlock.closed).to.include({ code: 9, stdout: `ready\ngot ${short}\n` });
      });
    }

    it('leaves the command its time after a Ctrl-C, which reaches it once', async () => {
      const command = 'trap "n=x$n" INT; echo ready; while [ -z "$n" ]; do sleep 0.05; done; sleep 0.3; echo "done $n"; exit 5';
      const dlock = Dlock.start(['exec', 'job', '--', 'sh', '-c', command], { env: env(), ownGroup: true });
      await dlock.output(/ready/);
      process.kill(-dlock.pid, 'SIGINT'); // as a terminal does: to all of the group in the foreground
      expect(await dlock.closed).to.include({ code: 5, stdout: 'ready\ndone x\n' });
    });
  });

  describe('when its lease is lost', () => {
    it('ends the command with TERM and itself with 80, and says why and how', async () => {
      const dlock = start('job', '--ttl', '1s', '--', 'sh', '-c', ENDS_ON_TERM);
      await dlock.output(/ready/);
      expect(await locks().forceRelease('job', { now: true })).to.equal(true);
      const { code, stdout, stderr } = await dlock.closed;
      expect({ code, stdout }).to.deep.equal({ code: 80, stdout: 'ready\ngot TERM\n' });
      expect(stderr).to.match(/^dlock: The lease of lock "job" \(token \d+\) is over: .* The command ended with code 7\.\n$/m);
    });

    it('does so too where its row was deleted, long before the lease would have ended', async () => {
      const dlock = start('deleted', '--ttl', '12s', '--', 'sh', '-c', ENDS_ON_TERM);
      await dlock.output(/ready/);
      const held = await locks().inspect('deleted');
      await database().newSequelize().query('DELETE FROM distributed_lock', { type: QueryTypes.DELETE });
      const { code, stdout, stderr } = await dlock.closed;
      expect({ code, stdout }).to.deep.equal({ code: 80, stdout: 'ready\ngot TERM\n' });
      expect(stderr).to.contain('its row is gone from the table');
      expect(Date.now()).to.be.below(held?.expiresAt.getTime() ?? 0);
    });

    it('kills what holds out against TERM after the grace, with all that it has started', async () => {
      const dlock = start('job', '--ttl', '1s', '--kill-after', '300ms', '--', 'sh', '-c', IGNORES_TERM);
      await dlock.output(/ready/);
      await locks().forceRelease('job', { now: true });
      const { code, stdout, stderr } = await dlock.closed; // nobody is left who could write
      expect({ code, stdout }).to.deep.equal({ code: 80, stdout: 'ready\ngot TERM\n' });
      expect(stderr).to.contain('The command was ended by SIGKILL.');
    });

    it('kills what a command that ends on TERM has left behind', async () => {
      const dlock = start('job', '--ttl', '1s', '--kill-after', '300ms', '--', 'sh', '-c', LEAVES_ONE_BEHIND);
      await dlock.output(/ready/);
      await locks().forceRelease('job', { now: true });
      expect(await dlock.closed).to.include({ code: 80, stdout: 'ready\ngot TERM\n' });
    });

    it('ends the command in time even while dlock itself is stopped, and says so when it goes on', async () => {
      const dlock = start('job', '--ttl', '1s', '--', 'sh', '-c', ENDS_ON_TERM);
      await dlock.output(/ready/);
      dlock.kill('SIGSTOP');
      await dlock.output(/got TERM/);
      dlock.kill('SIGCONT');
      expect(await dlock.closed).to.include({ code: 80, stdout: 'ready\ngot TERM\n' });
    });
  });

  describe('that is killed itself', () => {
    it('leaves neither its command nor what that has started running, and the lock free after its ttl and not before', async () => {
      const dlock = start('job', '--ttl', '4s', '--kill-after', '300ms', '--', 'sh', '-c', IGNORES_TERM);
      await dlock.output(/ready/);
      const registry = locks();
      const held = await registry.inspect('job');
      dlock.kill('SIGKILL');
      const { signal, stdout } = await dlock.closed; // the supervisor, the command and its process have all ended
      expect({ signal, stdout }).to.deep.equal({ signal: 'SIGKILL', stdout: 'ready\ngot TERM\n' });
      const lease = await registry.acquire('job', { wait: '30s' });
      expect(lease.acquiredAt.getTime()).to.be.at.least(held?.expiresAt.getTime() ?? Infinity);
    });

    it('ends its command at once, long before the lease is over, and lets it end by itself within the grace', async () => {
      const dlock = start('killed', '--ttl', '30d', '--', 'sh', '-c', ENDS_ON_TERM);
      await dlock.output(/ready/);
      dlock.kill('SIGKILL');
      expect(await dlock.closed).to.include({ signal: 'SIGKILL', stdout: 'ready\ngot TERM\n' });
    });

    it('ends its command too where all of its process group was killed with it', async () => {
      const dlock = Dlock.start(['exec', 'group', '--ttl', '30d', '--', 'sh', '-c', ENDS_ON_TERM], { env: env(), ownGroup: true });
      await dlock.output(/ready/);
      process.kill(-dlock.pid, 'SIGKILL');
      expect(await dlock.closed).to.include({ signal: 'SIGKILL', stdout: 'ready\ngot TERM\n' });
    });

    it('kills the command where its supervisor was killed, and ends with 70', async () => {
      const dlock = start('job', '--', 'sh', '-c', `trap : TERM; echo "supervisor $PPID"; ${FOR_LONG}`);
      const [, supervisor] = await dlock.output(/supervisor (\d+)/);
      process.kill(Number(supervisor), 'SIGKILL');
      const { code, stderr } = await dlock.closed;
      expect({ code, stderr }).to.deep.equal({
        code: 70,
        stderr: 'dlock: The supervisor of the command was killed, so the command was killed too. Run it again.\n',
      });
      expect(await locks().inspect('job')).to.equal(undefined);
    });
  });
}
