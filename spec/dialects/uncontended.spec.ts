import { expect } from 'chai';
import { TOKENS_RESERVED } from '../../lib/core/fencing-token.js';
import type { Claim, LockStatements, Release } from '../../lib/contracts/dialect.js';
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
  const releaseLone = (owner: string, release: Partial<Release> = {}) =>
    tables[0].run(sure((tables[0].statements as Required<LockStatements>).releaseLone(releaseOf(name, owner, release))));
  const hold = async () => {
    const owner = freshOwner();
    const answer = await takeFree({ owner });
    if (answer.kind !== 'granted') throw new Error(`"${name}" should have been free.`);
    return { owner, ...answer.grant };
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
    it('takes a name that was never used, as the full ask does', async () => {
      const { owner, token, tokenTop, now } = await hold();
      expect(tokenTop - token).to.equal(TOKENS_RESERVED);
      expect(Math.floor(token / 1_000)).to.equal(now);
      expect(await tables[0].row(name)).to.include({
        owner,
        token,
        token_top: tokenTop,
        acquired_at: now,
        expires_at: now + MINUTE,
        holder: 'host 1',
        label: 'spec',
        line: '',
      });
    });

    it('takes what was given back, with a token above all that were used', async () => {
      const { owner, token } = await hold();
      await tables[0].release(name, owner, { usedToken: token + 9_000_000 });
      const next = await hold();
      expect(next.token).to.equal(token + 9_000_001);
      expect(await tables[0].row(name)).to.include({ owner: next.owner, token: next.token, token_top: next.tokenTop, holder: 'host 1' });
    });

    it('takes what was given back with a line in which all have stopped waiting, and wipes it', async () => {
      const { owner } = await hold();
      await tables[0].stand(name);
      await tables[0].query('UPDATE % SET owner = NULL, expires_at = 0, line_until = 1 WHERE name = :name RETURNING 1', { name });
      await changesNothing(releaseLone(owner), isFalse);
      await hold();
      expect(await tables[0].row(name)).to.include({ line: '' });
    });

    it('is answered busy by what somebody holds, what rests, what a living line waits for, and what ended unreleased', async () => {
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

    it('does nothing after its time: neither makes a row nor takes one', async () => {
      isBusy(await takeFree({ notAfter: 1 }));
      expect(await tables[0].row(name)).to.equal(undefined);
      const { owner, now } = await hold();
      await tables[0].release(name, owner);
      await changesNothing(takeFree({ notAfter: now - 1 }), isBusy);
      expect((await takeFree({ notAfter: now + MINUTE })).kind).to.equal('granted');
    });

    it('grants a lock to one of those who ask at once, whether there was a row or not', async () => {
      for (let round = 0; round < 20; round++) {
        name = freshName();
        for (const usedBefore of [false, true]) {
          const owners = tables.map(() => freshOwner());
          const answers = await Promise.all(tables.map((table, at) => takeFree({ owner: owners[at] ?? '' }, table)));
          const winners = owners.filter((_, at) => answers[at]?.kind === 'granted');
          expect([usedBefore, winners.length]).to.deep.equal([usedBefore, 1]);
          expect(await releaseLone(winners[0] ?? '')).to.equal(true);
        }
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

    it('lets the lock rest for what is left of minHold', async () => {
      const { owner } = await hold();
      expect(await releaseLone(owner, { restMs: 5_000 })).to.equal(true);
      const row = await tables[0].row(name);
      expect((row?.expires_at ?? 0) - (row?.released_at ?? 0)).to.equal(5_000);
    });

    it('never takes tokens back', async () => {
      const { owner, token } = await hold();
      await releaseLone(owner, { usedToken: 0 });
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
