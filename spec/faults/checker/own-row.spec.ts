import { expect } from 'chai';
import { event } from './by-hand.js';
import { ownRow } from './own-row.js';

const row = (ours: boolean) => event(5, 'a', { kind: 'row', ask: 1, ours });

describe('C5, row', () => {
  it('lets a lease pass that has its row', () => {
    expect(ownRow([row(true)])).to.deep.equal([]);
  });

  it('finds one that is held and whose row is somebody else’s', () => {
    expect(ownRow([row(false)])).to.have.length(1);
  });
});
