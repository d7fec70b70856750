import { expect } from 'chai';
import { FreedRows } from '../../lib/engine/freed-rows.js';

describe('The rows that a registry left free', () => {
  it('are known until they are asked for', () => {
    const rows = new FreedRows();
    expect(rows.take('a')).to.equal(false);
    rows.note('a');
    rows.note('a');
    expect([rows.take('a'), rows.take('a')]).to.deep.equal([true, false]);
  });

  it('are 10,000 at most: of more, those that were left first are forgotten', () => {
    const rows = new FreedRows();
    for (let at = 0; at <= 10_000; at++) rows.note(`row ${at}`);
    expect([rows.take('row 0'), rows.take('row 1'), rows.take('row 10000')]).to.deep.equal([false, true, true]);
  });
});
