import { expect } from 'chai';
import { inOrder, lease } from './by-hand.js';
import { order, orderOfRows } from './order.js';

describe('C1, order', () => {
  it('lets tokens pass that rise from grant to grant', () => {
    expect(order(inOrder(lease('a', 1, 7, [0, 1, 10]), lease('b', 1, 9, [2, 12, 20])))).to.deep.equal([]);
  });

  it('lets grants pass in any order whose answers crossed on their way', () => {
    // The first was granted, over and taken by the second before its own answer arrived.
    const late = lease('a', 1, 7, [0, 1_001, 1_002]);
    expect(order(inOrder(late, lease('b', 1, 9, [0, 1_000.5, 1_020])))).to.deep.equal([]);
  });

  it('finds a token that was given twice', () => {
    const [violation] = order(inOrder(lease('a', 1, 7, [0, 1, 10]), lease('b', 1, 7, [11, 12, 20])));
    expect(violation).to.have.property('text').that.includes('b #1').and.includes('got the token of a #1');
  });

  it('finds a token below one that was known before it was asked for', () => {
    expect(order(inOrder(lease('a', 1, 7, [0, 1, 10]), lease('b', 1, 6, [11, 12, 20])))).to.have.length(1);
  });

  it('finds a token below the one of a lease that was over, however early it was asked for', () => {
    expect(order(inOrder(lease('a', 1, 7, [1, 2, 10]), lease('b', 1, 6, [0, 12, 20])))).to.have.length(1);
  });
});

describe('C1row, order of what the row granted', () => {
  const [old, taken] = [lease('a', 1, 7, [0, 1, 10]), lease('b', 1, 90, [11, 12, 40])];

  it('lets an owner that lost its row hand on what it had reserved, which C1 does not', () => {
    const handedOn = [lease('a', 2, 8, [14, 15, 20]), lease('a', 3, 9, [20, 21, 30])];
    expect(orderOfRows(inOrder(old, taken, ...handedOn))).to.deep.equal([]);
    expect(order(inOrder(old, taken, ...handedOn))).to.have.length(2);
  });

  it('finds a lower token that was asked of the row, and what is handed on from it', () => {
    const lower = [lease('a', 2, 20, [14, 15, 20]), lease('a', 3, 21, [20, 21, 30])];
    expect(orderOfRows(inOrder(old, taken, ...lower))).to.have.length(2);
  });

  it('finds a lower token of another process, one above that of the owner', () => {
    expect(orderOfRows(inOrder(old, taken, lease('c', 1, 8, [14, 15, 20])))).to.have.length(1);
  });

  it('finds a token that was given twice', () => {
    expect(orderOfRows(inOrder(old, lease('b', 1, 7, [11, 12, 20])))).to.have.length(1);
  });
});
