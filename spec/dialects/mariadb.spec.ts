import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import mysql2 from 'mysql2/promise';
import type { LockStatements, Step } from '../../lib/contracts/dialect.js';
import type { StatementError } from '../../lib/contracts/session.js';
import { dialectContract } from '../../lib/testing/index.js';
import { inWorld } from '../support/contract-world.js';
import { onDatabase } from '../support/databases.js';
import { unavailable } from '../support/requirements.js';
import { claimOf, freshName, freshOwner, LockTable, MINUTE, releaseOf } from './lock-table.js';

const LEVELS = ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'];

/** What only these servers have: their row locks and entries of keys, and settings that change what a statement means. */
for (const dialect of ['mariadb', 'mysql'] as const) {
  onDatabase(dialect, `Statements on MariaDB through ${dialect}`, (database) => {
    let table: LockTable;
    let name: string;
    let other: mysql2.Connection;
    let sql: LockStatements;

    before(async () => {
      table = new LockTable(database(), { connections: 2 });
      sql = table.statements;
      await table.create();
    });
    beforeEach(async () => {
      name = freshName();
      other = await mysql2.createConnection(database().url.replace(/^\w+:/, 'mysql:'));
    });
    afterEach(() => other.end());
    after(() => table.close());

    /** Runs the first statement of a step on the other connection, in whatever transaction it has open. */
    const runOnOther = ({ statement: { text, values } }: Step<unknown>) =>
      other.execute<mysql2.RowDataPacket[]>(text, values as (string | number | null)[]);
    const begin = async (level = 'READ COMMITTED') => {
      await other.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${level}`);
      await other.query('START TRANSACTION');
    };
    const fencedOwners = async (owner: string) => {
      const { text, values } = sql.fence([{ key: name, owner, token: 0 }]).statement;
      const [rows] = await other.execute<mysql2.RowDataPacket[]>(text.replace('$1', '?'), values as string[]);
      return rows.map((row) => row['owner'] as string);
    };
    const fence = async (owner: string, level?: string) => {
      await begin(level);
      expect(await fencedOwners(owner)).to.deep.equal([owner]);
    };
    const atOnce = async <T>(work: Promise<T>): Promise<T> => {
      const startedAt = performance.now();
      const answer = await work;
      expect(performance.now() - startedAt).to.be.below(500);
      return answer;
    };

    describe('a busy ask', () => {
      const askOften = async () => {
        for (let asks = 0; asks < 30; asks++) expect((await table.ask(name)).kind).to.equal('busy');
      };
      const logged = async () => {
        const [[row]] = await other.query<mysql2.RowDataPacket[]>(`SHOW GLOBAL STATUS LIKE 'Innodb_lsn_current'`);
        return Number(row?.['Value']);
      };

      it('writes nothing to the log of the server, and reports no error', async function () {
        if (Number.isNaN(await logged())) unavailable(this, 'mariadb', 'this server does not tell how much it has logged');
        await table.hold(name);
        const errorsBefore = database().logLines();
        const written: number[] = [];
        // A server does things of its own now and then: what counts is that they are not ours.
        while (written.length < 20 && !written.includes(0)) {
          const before = await logged();
          await askOften();
          written.push((await logged()) - before);
        }
        expect(Math.min(...written)).to.equal(0);
        expect(database().logLines()).to.deep.equal(errorsBefore);
      });
    });

    describe('behind a fenced transaction', () => {
      for (const level of LEVELS) {
        it(`renewals of this and other leases, waiters that join and leave, and a revocation pass (${level})`, async () => {
          const { owner, now } = await table.hold(name);
          const unrelated = { key: freshName(), ttlMs: 2 * MINUTE, token: 0 };
          const { owner: neighbour } = await table.hold(unrelated.key);
          await fence(owner, level);
          const renewals = [
            { ...unrelated, owner: neighbour },
            { ...unrelated, key: name, owner },
          ];
          const answers = await atOnce(table.run(sql.renew(renewals)));
          expect(answers.map(({ kind }) => kind)).to.deep.equal(['renewed', 'renewed']);
          const waiting = await atOnce(table.stand(name));
          await atOnce(table.leave(name, waiting));
          expect(await atOnce(table.run(sql.revoke(name)))).to.equal(true);
          expect((await table.row(name))?.expires_at).to.be.at.least(now + 2 * MINUTE);
          await other.query('COMMIT');
        });

        it(`asks and joins are answered busy at once although the lease is over (${level})`, async () => {
          const { owner } = await table.hold(name);
          await table.age(name);
          await fence(owner, level);
          expect((await atOnce(table.ask(name))).kind).to.equal('busy');
          expect((await atOnce(table.join(name))).kind).to.equal('busy');
          expect((await atOnce(table.run(sql.renew([{ key: name, owner, ttlMs: 1, token: 0 }]))))[0]?.kind).to.equal('renewed');
          await setTimeout(5);
          await other.query('COMMIT');
          expect((await table.ask(name)).kind).to.equal('granted');
        });
      }

      it('an advance does nothing, at once', async () => {
        const { owner } = await table.hold(name);
        await table.stand(name, { waitMs: 3 * MINUTE });
        await table.age(name, MINUTE + 1);
        await fence(owner);
        await atOnce(table.run(sql.advance(name, 1_000)));
        expect(await table.row(name)).to.include({ owner });
      });

      it('a lock freed by force waits for it, or is to be tried again', async () => {
        const { owner } = await table.hold(name);
        await fence(owner);
        const error = (await table.run(sql.free(name, 1_000)).catch((reason: unknown) => reason)) as StatementError;
        expect(error.failure).to.deep.equal({ outcome: 'not-done', transient: true });
        expect(await table.row(name)).to.include({ owner });
        const freed = table.run(sql.free(name, 1_000));
        await setTimeout(100);
        await other.query('COMMIT');
        expect(await freed).to.equal(true);
      });
    });

    describe('a fence in a transaction that began before', () => {
      const changes: Record<string, { readonly passes: boolean; readonly change: (owner: string) => Promise<unknown> }> = {
        'the lease was renewed': {
          passes: true,
          change: (owner) => table.run(sql.renew([{ key: name, owner, ttlMs: 2 * MINUTE, token: 0 }])),
        },
        'somebody took the expired lock': { passes: false, change: async () => (await table.age(name), table.hold(name)) },
        'the line advanced over its expired holder': {
          passes: false,
          change: async () => {
            await table.stand(name, { waitMs: 3 * MINUTE });
            await table.age(name, MINUTE + 1);
            await table.run(sql.advance(name, 1_000));
          },
        },
        'the lock was freed by force': { passes: false, change: () => table.run(sql.free(name, 1_000)) },
      };
      for (const [what, { passes, change }] of Object.entries(changes)) {
        it(`${passes ? 'passes' : 'does not pass'} after ${what} (REPEATABLE READ, and what it reads may not have changed)`, async () => {
          await other.query('SET /*M!100618 innodb_snapshot_isolation = ON, */ autocommit = 1');
          const { owner } = await table.hold(name);
          await begin('REPEATABLE READ');
          await other.execute('SELECT 1 FROM distributed_lock WHERE name = ?', [name]);
          await change(owner);
          const CHECKREAD = 1020;
          const fenced = await fencedOwners(owner).catch((error: unknown) => (error as { errno?: number }).errno);
          expect(fenced).to.deep.equal(passes ? [owner] : fenced === CHECKREAD ? CHECKREAD : []);
          await other.query('ROLLBACK');
        });

        for (const level of LEVELS) {
          it(`${passes ? 'passes' : 'does not pass'} after ${what} (${level})`, async () => {
            const { owner } = await table.hold(name);
            await begin(level);
            await other.query('SELECT COUNT(*) FROM information_schema.schemata');
            // Under SERIALIZABLE to read the row would be to lock it.
            if (level !== 'SERIALIZABLE') await other.execute('SELECT 1 FROM distributed_lock WHERE name = ?', [name]);
            await change(owner);
            expect(await fencedOwners(owner)).to.deep.equal(passes ? [owner] : []);
            await other.query('ROLLBACK');
          });
        }
      }
    });

    describe('in the middle of somebody else’s statement', () => {
      /** Starts `step` while the other connection has changed the row and not yet committed. */
      const meanwhile = async <Answer>(change: Step<unknown>, step: Step<Answer>): Promise<Answer> => {
        await begin();
        await runOnOther(change);
        const answer = table.run(step);
        await setTimeout(100);
        await other.query('COMMIT');
        return answer;
      };
      const join = (owner = freshOwner()) => sql.join({ ...claimOf(name, { owner }), waitMs: MINUTE });

      it('a waiter that leaves as it is made owner hands on', async () => {
        const { owner } = await table.hold(name);
        const [first, second] = [await table.stand(name), await table.stand(name)];
        await meanwhile(sql.release(releaseOf(name, owner)), sql.leave(releaseOf(name, first)));
        expect(await table.row(name)).to.include({ owner: second, line: '' });
      });

      it('an ask is answered busy while another takes the lock, or makes the row', async () => {
        expect((await meanwhile(sql.ask(claimOf(name)), sql.ask(claimOf(name)))).kind).to.equal('busy');
        await table.age(name);
        expect((await meanwhile(sql.ask(claimOf(name)), sql.ask(claimOf(name)))).kind).to.equal('busy');
      });

      it('an ask that is repeated while somebody joins the line is granted what it was granted before', async () => {
        const { owner, token } = await table.hold(name);
        expect(await meanwhile(join(), sql.ask(claimOf(name, { owner })))).to.have.nested.property('grant.token', token);
      });

      it('a join that is repeated then, after the lock was handed to it, is granted a whole ttl and not just the rest of a claim', async () => {
        const { owner } = await table.hold(name);
        const first = await table.stand(name);
        await table.release(name, owner);
        const answer = await meanwhile(join(), join(first));
        const now = (answer.kind === 'granted' && answer.grant.now) || Infinity;
        expect((await table.row(name))?.expires_at).to.be.at.least(now + MINUTE);
      });

      it('a renewal of what is being taken is answered taken, and revoked where it is being freed by force', async () => {
        const { owner } = await table.hold(name);
        await table.age(name);
        const [taken] = await meanwhile(sql.ask(claimOf(name)), sql.renew([{ key: name, owner, ttlMs: MINUTE, token: 0 }]));
        expect(taken?.kind).to.equal('taken');
        name = freshName();
        const next = await table.hold(name);
        const renewal = { key: name, owner: next.owner, ttlMs: MINUTE, token: 0 };
        const [freed] = await meanwhile(sql.free(name, 1_000), sql.renew([renewal]));
        expect(freed?.kind).to.equal('revoked');
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

      it('a join that was answered after the lock was handed to it waits for its confirmation', async () => {
        const { owner } = await table.hold(name);
        const waiting = await table.stand(name);
        // The join stands in line, and before its second statement the holder lets go.
        const step = join(waiting);
        const { followUp } = step.statement;
        const [first] = await table.run({
          statement: { id: 'half', text: step.statement.text, values: step.statement.values },
          read: (r) => r,
        });
        await table.release(name, owner);
        const rest = followUp?.([first ?? {}]);
        const [second] = rest ? await table.run({ statement: rest, read: (rows) => rows }) : [];
        expect(step.read([first ?? {}, second ?? {}]).kind).to.equal('waiting');
        expect((await table.confirm(name, { owner: waiting }))?.waiters).to.equal(0);
      });
    });
  });
}

/** Each would change what a statement means, or whether it is committed at all, on a connection that did not set it for itself. */
const HOSTILE = `SET GLOBAL autocommit = 0, GLOBAL time_zone = '+05:30', GLOBAL innodb_lock_wait_timeout = 50, GLOBAL sql_safe_updates = 1,
  GLOBAL sql_select_limit = 1, GLOBAL unique_checks = 0,
  GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE,HIGH_NOT_PRECEDENCE,NO_UNSIGNED_SUBTRACTION'
  /*M!100618 , GLOBAL innodb_snapshot_isolation = ON,
  GLOBAL sql_mode = 'ORACLE,ANSI_QUOTES,NO_BACKSLASH_ESCAPES,SIMULTANEOUS_ASSIGNMENT,EMPTY_STRING_IS_NULL,TIME_ROUND_FRACTIONAL' */`;
const HARMLESS = HOSTILE.replaceAll(/GLOBAL (\w+) = ('[^']*'|\w+)/g, 'GLOBAL $1 = DEFAULT');

for (const dialect of ['mariadb', 'mysql'] as const) {
  onDatabase(dialect, `The contract of a lock on MariaDB through ${dialect}`, (database) => {
    const administer = async (...statements: string[]) => {
      const connection = await mysql2.createConnection(database().url.replace(/^\w+:/, 'mysql:'));
      for (const statement of statements) await connection.query(statement);
      await connection.end();
    };

    describe('that is set up badly', () => {
      before(() => administer(HOSTILE, 'SET GLOBAL TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY'));
      after(() => administer('SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE', HARMLESS));

      for (const { name, slow = false, run } of dialectContract) {
        if (!slow) it(name, () => inWorld(database(), run)).timeout(20_000);
      }
    });
  });
}
