import { expect } from 'chai';
import { TOKENS_RESERVED } from '../../lib/core/fencing-token.js';
import type { AskAnswer, Claim, LockStatements } from '../../lib/contracts/dialect.js';
import { onDatabase } from '../support/databases.js';
import { claimOf, freshName, freshOwner, LockTable, MINUTE, releaseOf } from './lock-table.js';

onDatabase('postgres', 'The quick statements for a lock that nobody else wants', (database) => {
  let tables: [LockTable, ...LockTable[]];
  let name: string;

  before(async () => {
    tables = [new LockTable(database()), ...Array.from({ length: 7 }, () => new LockTable(database()))];
    await tables[0].create();
  });
  beforeEach(() => (name = freshName()));
  after(() => Promise.all(tables.map((table) => table.close())));

  const sure = <T>(statement: T | undefined): T => {
    if (!statement) throw new Error('There is no such statement.');
    return statement;
  };
  const takeFree = (claim: Partial<Claim> = {}, table = tables[0]) =>
    table.run(sure((table.statements as Required<LockStatements>).takeFree(claimOf(name, claim))));
  const releaseLone = (owner: string, usedToken = 0) =>
    tables[0].run(sure((tables[0].statements as Required<LockStatements>).releaseLone(releaseOf(name, owner, { usedToken }))));
  const grantOf = (answer: AskAnswer) => (answer.kind === 'granted' ? answer.grant : expect.fail(`"${name}" should have been free.`));
  const hold = () => tables[0].hold(name);
  const leaveFree = async () => {
    const held = await hold();
    await tables[0].release(name, held.owner);
    return held;
  };
  /** That `step` is answered with `answer`, and leaves the row as it is. */
  const changesNothing = async <T>(step: Promise<T>, answer: (value: T) => void) => {
    const before = await tables[0].row(name);
    answer(await step);
    expect(await tables[0].row(name)).to.deep.equal(before);
  };
  const isBusy = ({ kind }: { kind: string }) => expect(kind).to.equal('busy');
  const isFalse = (released: boolean) => expect(released).to.equal(false);

  describe('takeFree', () => {
    it('leaves the row, and answers, as the full ask does', async () => {
      const rows = [];
      for (const way of ['takeFree', 'ask'] as const) {
        name = freshName();
        await leaveFree();
        const owner = freshOwner();
        const { token, tokenTop, acquiredAt, now, waiters } = grantOf(
          await tables[0].run((tables[0].statements as Required<LockStatements>)[way](claimOf(name, { owner }))),
        );
        expect([tokenTop - token, Math.floor(token / 1_000), acquiredAt, waiters]).to.deep.equal([TOKENS_RESERVED, now, now, 0]);
        const row = (await tables[0].row(name)) ?? expect.fail('no row');
        expect(row).to.include({ owner, token, token_top: tokenTop, acquired_at: now, expires_at: now + MINUTE });
        rows.push({ ...row, name: '', owner: '', token: 0, token_top: 0, acquired_at: 0, expires_at: 0 });
      }
      expect(rows[0]).to.deep.equal(rows[1]);
    });

    it('takes what was given back, with a token above all that were used', async () => {
      const { owner, token } = await hold();
      await tables[0].release(name, owner, { usedToken: token + 9_000_000 });
      expect(grantOf(await takeFree()).token).to.equal(token + 9_000_001);
    });

    it('is answered busy where there is no row, and makes none', async () => {
      isBusy(await takeFree());
      expect(await tables[0].row(name)).to.equal(undefined);
    });

    it('is answered busy by what somebody holds, what rests, what has a line, and what ended unreleased', async () => {
      const { owner } = await hold();
      await changesNothing(takeFree(), isBusy);
      await tables[0].release(name, owner, { restMs: MINUTE });
      await changesNothing(takeFree(), isBusy);
      await tables[0].age(name, 2 * MINUTE);
      const second = await hold();
      await tables[0].stand(name);
      await tables[0].query('UPDATE % SET owner = NULL, expires_at = 0 WHERE name = :name RETURNING 1', { name });
      await changesNothing(takeFree({ owner: second.owner }), isBusy);
      await tables[0].query(`UPDATE % SET owner = 'dead', line = '' WHERE name = :name RETURNING 1`, { name });
      await changesNothing(takeFree(), isBusy);
    });

    it('is answered busy at once by a row that a transaction has locked, with a fence too', async () => {
      await leaveFree();
      const application = database().newSequelize();
      for (const strength of ['UPDATE', 'KEY SHARE']) {
        await application.transaction(async (transaction) => {
          const sql = `SELECT name FROM distributed_lock WHERE name = :name FOR ${strength}`;
          await application.query(sql, { replacements: { name }, transaction });
          await changesNothing(takeFree(), isBusy);
        });
      }
      grantOf(await takeFree());
    });

    it('takes nothing after its time', async () => {
      const { now } = await leaveFree();
      await changesNothing(takeFree({ notAfter: now - 1 }), isBusy);
      grantOf(await takeFree({ notAfter: now + MINUTE }));
    });

    it('grants a lock to one of those who ask at once, and keeps out who asks in full meanwhile', async () => {
      for (let round = 0; round < 40; round++) {
        name = freshName();
        await leaveFree();
        const owners = tables.map(() => freshOwner());
        const answers = await Promise.all(
          tables.map((table, at) =>
            at % 2 === 0 ? takeFree({ owner: owners[at] ?? '' }, table) : table.ask(name, { owner: owners[at] ?? '' }),
          ),
        );
        const winners = owners.filter((_, at) => answers[at]?.kind === 'granted');
        expect(winners.length).to.equal(1);
        expect(await releaseLone(winners[0] ?? '')).to.equal(true);
      }
    });
  });

  describe('releaseLone', () => {
    it('leaves the row as the full release does', async () => {
      const rows = [];
      for (const way of ['releaseLone', 'release'] as const) {
        name = freshName();
        const { owner, token, now } = await hold();
        const step = (tables[0].statements as Required<LockStatements>)[way](releaseOf(name, owner, { usedToken: token + 5 }));
        expect(await tables[0].run(step)).to.equal(true);
        const { token: used, token_top, released_at, acquired_at, ...row } = (await tables[0].row(name)) ?? expect.fail('no row');
        expect([used - token, token_top - token, acquired_at - now]).to.deep.equal([5, 5, 0]);
        expect(released_at).to.be.within(now, now + 2_000);
        rows.push({ ...row, name: '', seized: '' });
      }
      expect(rows[0]).to.deep.equal(rows[1]);
    });

    it('never takes tokens back', async () => {
      const { owner, token } = await hold();
      await releaseLone(owner, 0);
      expect(await tables[0].row(name)).to.include({ token, token_top: token });
    });

    it('changes nothing where somebody stands in line, or the row names another owner', async () => {
      const { owner } = await hold();
      await changesNothing(releaseLone(freshOwner()), isFalse);
      await tables[0].stand(name);
      await changesNothing(releaseLone(owner), isFalse);
    });
  });
});
