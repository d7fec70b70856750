import { expect } from 'chai';
import type { Row, Statement } from '../../lib/contracts/session.js';
import { FollowUpError, runInTurn } from '../../lib/dialects/sql/follow-ups.js';
import { bound } from '../../lib/dialects/sql/my/bound.js';
import { rejection } from '../support/outcome.js';

const statement = (text: string, followUp?: Statement['followUp']): Statement => ({
  id: text,
  text,
  values: [],
  ...(followUp && { followUp }),
});

describe('A statement that another one follows', () => {
  const change: Row = { affectedRows: 1, insertId: 7 };

  it('is answered with the rows of both, the second one written by what the first was answered', async () => {
    const sent: string[] = [];
    const run = ({ text }: Statement) => (sent.push(text), Promise.resolve([{ text }]));
    const rows = await runInTurn(
      run,
      statement('one', ([row]) => statement(`after ${String(row?.['text'])}`, () => statement('three'))),
    );
    expect(sent).to.deep.equal(['one', 'after one', 'three']);
    expect(rows.map(({ text }) => text)).to.deep.equal(sent);
  });

  it('is the only one where nothing is to follow', async () => {
    const run = () => Promise.resolve([change]);
    expect(
      await runInTurn(
        run,
        statement('one', () => undefined),
      ),
    ).to.deep.equal([change]);
  });

  it('says so when what followed a change failed: the change is done', async () => {
    const cause = new Error('gone');
    const run = ({ text }: Statement) => (text === 'one' ? Promise.resolve([change]) : Promise.reject(cause));
    const error = await rejection(
      runInTurn(
        run,
        statement('one', () => statement('two')),
      ),
    );
    expect(error).to.be.instanceOf(FollowUpError).and.include({ cause });
  });

  it('lets the error of what followed a look through', async () => {
    const cause = new Error('denied');
    const run = ({ text }: Statement) => (text === 'one' ? Promise.resolve([]) : Promise.reject(cause));
    expect(
      await rejection(
        runInTurn(
          run,
          statement('one', () => statement('two')),
        ),
      ),
    ).to.equal(cause);
  });

  it('leaves nothing prepared where the first was not to', async () => {
    const ids: string[] = [];
    const run = ({ id }: Statement) => (ids.push(id), Promise.resolve([]));
    await runInTurn(run, { ...statement('one', () => statement('two', () => statement('three'))), id: '' });
    expect(ids).to.deep.equal(['', '', '']);
  });
});

describe('A text with values by name', () => {
  it('has a question mark for each time a value is used', () => {
    const made = bound('id', 'SELECT :b, :a FROM t WHERE a = :a')({ a: 1, b: 'two' });
    expect(made).to.deep.equal({ id: 'id', text: 'SELECT ?, ? FROM t WHERE a = ?', values: ['two', 1, 1] });
  });

  it('leaves quoted identifiers alone, whatever is in them', () => {
    expect(bound('id', 'SELECT :a FROM `x:a`.`y``:a`')({ a: 1 })).to.deep.include({ text: 'SELECT ? FROM `x:a`.`y``:a`', values: [1] });
  });

  it('sends NULL for a value that is not known', () => {
    expect(bound('id', ':a')({ a: undefined }).values).to.deep.equal([null]);
  });
});
