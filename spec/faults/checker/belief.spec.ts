import { expect } from 'chai';
import { belief } from './belief.js';
import { event, inOrder, lease } from './by-hand.js';

describe('C2, belief', () => {
  it('lets leases pass that follow each other', () => {
    expect(belief(inOrder(lease('a', 1, 7, [0, 1, 10]), lease('b', 1, 9, [2, 10, 20])))).to.deep.equal([]);
  });

  it('lets one pass that was signalled as lost, or whose holder died, before the next began', () => {
    const [lost, died] = [lease('a', 1, 7, [0, 1, 50]), lease('b', 1, 8, [5, 10, 50])];
    const ends = [event(9, 'a', { kind: 'lost', ask: 1, reason: 'taken' }), event(11, 'b', { kind: 'died' })];
    expect(belief(inOrder(lost, died, ends, lease('c', 1, 9, [2, 12, 20])))).to.deep.equal([]);
  });

  it('finds two who believe at one time, renewals included', () => {
    const [asked, granted] = lease('a', 1, 7, [0, 1, 10]);
    if (!asked || !granted) throw new Error('no lease');
    const renewed = event(900, 'a', { kind: 'renewed', ask: 1, until: 1_900 });
    expect(belief(inOrder(asked, granted, lease('b', 1, 9, [1_000, 1_100, 1_200])))).to.deep.equal([]);
    expect(belief(inOrder(asked, granted, renewed, lease('b', 1, 9, [1_000, 1_100, 1_200])))).to.have.length(1);
  });

  it('finds a write that was refused to one who held the lock', () => {
    const refused = (held: boolean) => event(5, 'a', { kind: 'written', ask: 1, accepted: false, held });
    expect(belief(inOrder(lease('a', 1, 7, [0, 1, 10]), refused(false)))).to.deep.equal([]);
    expect(belief(inOrder(lease('a', 1, 7, [0, 1, 10]), refused(true)))).to.have.length(1);
  });
});
