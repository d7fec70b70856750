import { expect } from 'chai';
import { event } from '../checker/by-hand.js';
import { lostInVain } from './lost-in-time.js';

describe('A lease that was lost although the database answered', () => {
  const lost = event(2_000, 'a', { kind: 'lost', ask: 1, reason: 'unreachable' });

  it('is a violation', () => {
    expect(lostInVain('X5', [lost])).to.deep.equal([{ criterion: 'X5', text: 'a lost its lease: unreachable' }]);
    expect(lostInVain('X5', [event(1_900, 'a', { kind: 'late', ms: 100 }), lost])).to.have.length(1);
    expect(lostInVain('X5', [event(1_900, 'b', { kind: 'late', ms: 500 }), lost])).to.have.length(1);
    expect(lostInVain('X5', [event(1_100, 'a', { kind: 'late', ms: 500 }), lost])).to.have.length(1);
  });

  it('is none where its process, or who carries the traffic, was away meanwhile', () => {
    for (const who of ['a', 'director']) expect(lostInVain('X5', [event(1_900, who, { kind: 'late', ms: 300 }), lost])).to.deep.equal([]);
  });
});
