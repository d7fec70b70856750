import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import type { LockStatements, Release, Step } from '../../lib/contracts/dialect.js';
import { onDatabase } from '../support/databases.js';
import { claimOf, freshName, freshOwner, LockTable, MINUTE, releaseOf } from './lock-table.js';

/** What only PostgreSQL has: row locks, transaction ids, a log of writes, notifications. */
onDatabase('postgres', 'Statements on PostgreSQL', (database) => {
  let table: LockTable;
  let name: string;
  let other: pg.Client;
  let sql: LockStatements;

  before(async () => {
    table = new LockTable(database(), { connections: 2 });
    sql = table.statements;
    await table.create();
  });
  beforeEach(async () => {
    name = freshName();
    other = new pg.Client({ connectionString: database().url });
    await other.connect();
  });
  afterEach(() => other.end());
  after(() => table.close());

  /** Runs a statement on the other connection, in whatever transaction it has open. */
  const runOnOther = async <Answer>({ statement: { text, values }, read }: Step<Answer>) =>
    read((await other.query<Record<string, unknown>>(text, [...values])).rows);

  /** The other connection's row lock, as a fenced transaction takes it, on what `owner` holds. */
  const fence = async (owner: string) => {
    await other.query('BEGIN');
    expect(await fenceRows(owner)).to.equal(1);
  };

  const fenceRows = async (owner: string) => {
    const sql = 'SELECT FROM distributed_lock WHERE name = $1 AND owner = $2 FOR KEY SHARE';
    return (await other.query(sql, [name, owner])).rowCount;
  };

  it('rehearses a hand-over for nobody: no row is there afterwards, and the connection has planned what hands a lock over', async () => {
    const one = new LockTable(database());
    for (const rehearse of ['rehearseConfirm', 'rehearseRelease'] as const) {
      const step = one.statements[rehearse]?.();
      if (!step) throw new Error(`PostgreSQL should have ${rehearse}.`);
      expect(await one.run(step)).to.be.oneOf([undefined, false]);
    }
    const planned = await one.run({
      statement: {
        id: 'planned',
        text: `SELECT substring(name FROM '^(.*)_[0-9a-f]+$') AS name FROM pg_prepared_statements WHERE generic_plans > 0 ORDER BY name`,
        values: [],
      },
      read: (rows) => rows.map((row) => row['name']),
    });
    expect(planned).to.include.members(['dlock_confirm', 'dlock_release']);
    expect(await table.row('')).to.equal(undefined);
    await one.close();
  });

  describe('a busy ask', () => {
    const askOften = async () => {
      for (let asks = 0; asks < 30; asks++) await table.ask(name);
    };

    /** A server does things of its own now and then: what counts is that they are not ours. */
    const quietly = async (sql: string) => {
      const differences: number[] = [];
      while (differences.length < 5 && !differences.includes(0)) {
        const { rows: before } = await other.query<{ at: string }>(sql);
        await askOften();
        const { rows: after } = await other.query<{ at: string }>(sql);
        differences.push(Number(after[0]?.at) - Number(before[0]?.at));
      }
      return Math.min(...differences);
    };

    it('writes nothing to the log of the server', async () => {
      await table.hold(name);
      await askOften(); // the first reader of a fresh row marks it as committed
      expect(await quietly(`SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS at`)).to.equal(0);
    });

    it('takes no transaction id', async () => {
      await table.hold(name);
      expect(await quietly('SELECT txid_snapshot_xmax(txid_current_snapshot()) AS at')).to.equal(0);
    });

    it('reports no error', async () => {
      await table.hold(name);
      await askOften();
      expect(
        database()
          .logLines()
          ?.filter((line) => line.includes('ERROR')) ?? [],
      ).to.deep.equal([]);
    });
  });

  it('write where read-only, and commits that may be lost, are the default', async () => {
    const alter = (setting: string) => other.query(`ALTER DATABASE ${new URL(database().url).pathname.slice(1)} ${setting}`);
    await alter('SET default_transaction_read_only = on');
    await alter('SET synchronous_commit = off');
    const changed = new LockTable(database());
    try {
      const { owner } = await changed.hold(name);
      await changed.release(name, owner);
      const settings = "SELECT current_setting('synchronous_commit') AS commits";
      expect(await changed.run({ statement: { id: 'settings', text: settings, values: [] }, read: (rows) => rows })).to.deep.equal([
        { commits: 'on' },
      ]);
    } finally {
      await changed.close();
      await other.query('SET default_transaction_read_only = off');
      await alter('RESET ALL');
    }
  });

  describe('behind a fenced transaction', () => {
    it('an ask is answered busy at once although the lease is over', async () => {
      const { owner } = await table.hold(name);
      await table.age(name);
      await fence(owner);
      const startedAt = performance.now();
      expect((await table.ask(name)).kind).to.equal('busy');
      expect((await table.join(name)).kind).to.equal('busy');
      expect(performance.now() - startedAt).to.be.below(500);
      await other.query('COMMIT');
      expect((await table.ask(name)).kind).to.equal('granted');
    });

    it('an advance does nothing', async () => {
      const { owner } = await table.hold(name);
      await table.stand(name, { waitMs: 3 * MINUTE });
      await table.age(name, MINUTE + 1);
      await fence(owner);
      await table.run(sql.advance(name, 1_000));
      expect(await table.row(name)).to.include({ owner });
    });

    it('renewals of this and other leases, waiters that join and leave, and a revocation pass', async () => {
      const { owner, now } = await table.hold(name);
      const unrelated = { key: freshName(), ttlMs: 2 * MINUTE, token: 0 };
      const { owner: neighbour } = await table.hold(unrelated.key);
      await fence(owner);
      const renewals = [
        { ...unrelated, owner: neighbour },
        { ...unrelated, key: name, owner },
      ];
      const answers = await table.run(sql.renew(renewals));
      expect(answers.map(({ kind }) => kind)).to.deep.equal(['renewed', 'renewed']);
      const waiting = await table.stand(name);
      await table.leave(name, waiting);
      expect(await table.run(sql.revoke(name))).to.equal(true);
      expect((await table.row(name))?.expires_at).to.be.at.least(now + 2 * MINUTE);
    });

    it('the fence still finds its owner after a renewal, under every isolation level', async () => {
      for (const level of ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE']) {
        const { owner } = await table.hold(name);
        await other.query(`BEGIN ISOLATION LEVEL ${level}`);
        await other.query('SELECT 1 FROM distributed_lock WHERE name = $1', [name]);
        await table.run(sql.renew([{ key: name, owner, ttlMs: 2 * MINUTE, token: 0 }]));
        expect(await fenceRows(owner), level).to.equal(1);
        await other.query('COMMIT');
        await table.release(name, owner);
      }
    });

    it('a lock freed by force waits for it', async () => {
      const { owner } = await table.hold(name);
      await fence(owner);
      const freed = table.run(sql.free(name, 1_000));
      await setTimeout(100);
      expect(await table.row(name)).to.include({ owner });
      await other.query('COMMIT');
      expect(await freed).to.equal(true);
    });

    it('a release passes: its sender knows of its fenced transactions, and ends them first', async () => {
      const { owner } = await table.hold(name);
      await fence(owner);
      expect(await table.release(name, owner)).to.equal(true);
      await other.query('COMMIT');
    });
  });

  describe('a fence in a transaction that began before', () => {
    const takeOvers: Record<string, () => Promise<unknown>> = {
      'somebody took the expired lock': async () => (await table.age(name), table.hold(name)),
      'the line advanced over its expired holder': async () => {
        await table.stand(name, { waitMs: 3 * MINUTE });
        await table.age(name, MINUTE + 1);
        await table.run(sql.advance(name, 1_000));
      },
      'the lock was freed by force': () => table.run(sql.free(name, 1_000)),
    };
    for (const [what, takeOver] of Object.entries(takeOvers)) {
      it(`does not pass after ${what}, under every isolation level`, async () => {
        for (const level of ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE']) {
          const { owner } = await table.hold(name);
          await other.query(`BEGIN ISOLATION LEVEL ${level}`);
          await other.query('SELECT 1 FROM distributed_lock WHERE name = $1', [name]);
          await takeOver();
          const fenced = await fenceRows(owner).catch((error: unknown) => (error as { code?: string }).code);
          expect(fenced, level).to.equal(level === 'READ COMMITTED' ? 0 : '40001');
          await other.query('ROLLBACK');
          name = freshName();
        }
      });
    }
  });

  describe('in the middle of somebody else’s statement', () => {
    /** Starts `step` while the other connection has changed the row and not yet committed. */
    const meanwhile = async <Answer>(change: Step<unknown>, step: Step<Answer>): Promise<Answer> => {
      await other.query('BEGIN');
      await runOnOther(change);
      const answer = table.run(step);
      await setTimeout(100);
      await other.query('COMMIT');
      return answer;
    };

    it('a waiter that leaves as it is made owner hands on', async () => {
      const { owner } = await table.hold(name);
      const [head, second] = [await table.stand(name), await table.stand(name)];
      await meanwhile(sql.release(releaseOf(name, owner)), sql.leave(releaseOf(name, head)));
      expect(await table.row(name)).to.include({ owner: second, line: '' });
    });

    it('an ask is answered busy at once while another takes the lock', async () => {
      await table.hold(name);
      await table.age(name);
      expect((await meanwhile(sql.ask(claimOf(name)), sql.ask(claimOf(name)))).kind).to.equal('busy');
    });

    it('an ask that is repeated while somebody joins the line is granted what it was granted before, at once', async () => {
      const { owner, token } = await table.hold(name);
      const answer = await meanwhile(sql.join({ ...claimOf(name), waitMs: MINUTE }), sql.ask(claimOf(name, { owner })));
      expect(answer).to.have.nested.property('grant.token', token);
    });

    it('a join that is repeated then, after the lock was handed to it, is granted a whole ttl and not just the rest of a claim', async () => {
      const { owner } = await table.hold(name);
      const head = await table.stand(name);
      await table.release(name, owner);
      const again = sql.join({ ...claimOf(name, { owner: head }), waitMs: MINUTE });
      const answer = await meanwhile(sql.join({ ...claimOf(name), waitMs: MINUTE }), again);
      const now = (answer.kind === 'granted' && answer.grant.now) || Infinity;
      expect((await table.row(name))?.expires_at).to.be.at.least(now + MINUTE);
    });

    it('an ask is answered busy while another makes the row', async () => {
      expect((await meanwhile(sql.ask(claimOf(name)), sql.ask(claimOf(name)))).kind).to.equal('busy');
    });

    it('a join stands behind whoever takes the lock, or is told to ask again', async () => {
      await table.hold(name);
      await table.age(name);
      const owner = freshOwner();
      expect((await meanwhile(sql.ask(claimOf(name)), sql.join({ ...claimOf(name, { owner }), waitMs: MINUTE }))).kind).to.equal('busy');
      expect((await table.join(name, { owner })).kind).to.equal('waiting');
    });

    it('a renewal of what is being taken is answered taken', async () => {
      const { owner } = await table.hold(name);
      await table.age(name);
      const [answer] = await meanwhile(sql.ask(claimOf(name)), sql.renew([{ key: name, owner, ttlMs: MINUTE, token: 0 }]));
      expect(answer?.kind).to.equal('taken');
    });

    it('a renewal of what is being freed by force is answered revoked', async () => {
      const { owner } = await table.hold(name);
      const [answer] = await meanwhile(sql.free(name, 1_000), sql.renew([{ key: name, owner, ttlMs: MINUTE, token: 0 }]));
      expect(answer?.kind).to.equal('revoked');
    });

    it('a confirmation of what is being revoked fails', async () => {
      const { owner } = await table.hold(name);
      expect(await meanwhile(sql.revoke(name), sql.confirm(claimOf(name, { owner })))).to.equal(undefined);
    });

    it('a pruning spares what is being taken', async () => {
      const { owner, token } = await table.hold(name);
      await table.release(name, owner, { usedToken: token });
      await table.age(name);
      await meanwhile(sql.ask(claimOf(name)), sql.prune(MINUTE / 2));
      expect((await table.row(name))?.token).to.be.above(token);
    });
  });

  describe('a release of several locks', () => {
    const releaseAll = (...releases: Release[]) => {
      const step = sql.releaseAll?.(releases);
      if (!step) throw new Error('There is no such statement.');
      return table.run(step);
    };

    it('frees them or hands them on, each with its tokens, and names those whose row it was', async () => {
      const [free, resting, waitedFor, taken] = [name, freshName(), freshName(), freshName()];
      const [one, two, three] = [await table.hold(free), await table.hold(resting), await table.hold(waitedFor)];
      const head = await table.stand(waitedFor);
      await table.hold(taken);
      const stranger = freshOwner();
      const released = await releaseAll(
        releaseOf(free, one.owner, { usedToken: one.token + 7 }),
        releaseOf(resting, two.owner, { restMs: MINUTE }),
        releaseOf(waitedFor, three.owner, { usedToken: three.token + 9, claimMs: 3_000 }),
        releaseOf(taken, stranger),
      );
      expect(released).to.have.members([one.owner, two.owner, three.owner]);
      expect(await table.row(free)).to.include({ owner: null, expires_at: 0, token: one.token + 7, token_top: one.token + 7 });
      const rests = await table.row(resting);
      expect((rests?.expires_at ?? 0) - (rests?.released_at ?? 0)).to.equal(MINUTE);
      const handedOn = await table.row(waitedFor);
      expect(handedOn).to.include({ owner: head, line: '' });
      expect(handedOn?.token).to.be.above(three.token + 9);
      expect((handedOn?.expires_at ?? 0) - (handedOn?.acquired_at ?? 0)).to.equal(3_000);
    });

    it('waits for no row, and names none that it passed over', async () => {
      const [one, second] = [await table.hold(name), freshName()];
      const two = await table.hold(second);
      await other.query('BEGIN');
      await runOnOther(sql.join({ ...claimOf(name), waitMs: MINUTE }));
      expect(await releaseAll(releaseOf(name, one.owner), releaseOf(second, two.owner))).to.deep.equal([two.owner]);
      await other.query('COMMIT');
      expect(await table.row(name)).to.include({ owner: one.owner });
    });

    it('passes by fenced transactions, which their holder ends first', async () => {
      const { owner } = await table.hold(name);
      await fence(owner);
      expect(await releaseAll(releaseOf(name, owner))).to.deep.equal([owner]);
      await other.query('COMMIT');
    });
  });

  describe('notifications', () => {
    /** Ids that begin with "n" belong to a registry that listens: the first half is its channel. */
    const listeningOwner = () => `n${freshOwner().slice(1)}`;
    const heard: string[] = [];
    const listen = (owner: string) => {
      heard.length = 0;
      other.on('notification', ({ payload }) => heard.push(payload ?? ''));
      return other.query(`LISTEN "dlock_${owner.slice(0, 16)}"`);
    };
    /** Whatever had been sent before this statement has arrived with its answer. */
    const whatWasHeard = async () => {
      await other.query('SELECT 1');
      return heard;
    };

    it('wake the new owner on its registry’s channel when the lock is handed over', async () => {
      const [owner, next] = [freshOwner(), listeningOwner()];
      await table.hold(name, { owner });
      await table.join(name, { owner: next });
      await listen(next);
      await table.release(name, owner);
      expect(await whatWasHeard()).to.deep.equal([next]);
    });

    it('wake it when the lock is freed by force, and when the head of the line leaves', async () => {
      const [first, second] = [listeningOwner(), listeningOwner()];
      await table.hold(name);
      for (const owner of [first, second]) await table.join(name, { owner });
      await listen(first);
      await listen(second);
      await table.run(sql.free(name, 1_000));
      await table.release(name, first);
      expect(new Set(await whatWasHeard())).to.deep.equal(new Set([first, second]));
    });

    it('are not sent when somebody leaves the line, nor to who polls', async () => {
      const [first, second] = [freshOwner(), listeningOwner()];
      const { owner } = await table.hold(name);
      for (const waiting of [first, second]) await table.join(name, { owner: waiting });
      await listen(first);
      await listen(second);
      await table.release(name, second);
      await table.release(name, owner);
      expect(await whatWasHeard()).to.deep.equal([]);
    });
  });
});
