import { expect } from 'chai';
import { director } from './by-hand.js';
import { fence } from './fence.js';

const accepted = (sequence: number, token: number, value: number) => director(0, { kind: 'accepted', sequence, lock: 'x', token, value });

describe('C3, fence', () => {
  it('lets writes pass whose tokens do not fall and whose values add up, in the order of the ledger', () => {
    expect(fence([accepted(2, 7, 2), accepted(1, 7, 1), accepted(3, 9, 3)])).to.deep.equal([]);
  });

  it('finds a stale write that landed', () => {
    expect(fence([accepted(1, 9, 1), accepted(2, 7, 2)]).map(({ text }) => text)).to.deep.equal([
      'x: a write with token 7 landed after one with 9',
    ]);
  });

  it('finds a lost update', () => {
    expect(fence([accepted(1, 7, 1), accepted(2, 9, 1)])).to.have.length(1);
  });
});
