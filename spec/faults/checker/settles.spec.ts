import { expect } from 'chai';
import { event, inOrder, lease } from './by-hand.js';
import { settles } from './settles.js';

const [asked, granted, releasing] = lease('a', 1, 7, [0, 1_050, 1_100]);
if (!asked || !granted || !releasing) throw new Error('no lease');

describe('C7, settles', () => {
  it('lets pass what settles within its limit', () => {
    expect(settles(lease('a', 1, 7, [0, 1_050, 1_100]))).to.deep.equal([]);
  });

  it('finds an ask and a release that took longer', () => {
    expect(settles(lease('a', 1, 7, [0, 1_150, 1_200]))).to.have.length(1);
    expect(settles([asked, granted, releasing, event(1_800, 'a', { kind: 'released', ask: 1, kept: true })])).to.have.length(1);
  });

  it('finds what never settled, unless its process died', () => {
    expect(settles([asked])).to.have.length(1);
    expect(settles([asked, granted, releasing])).to.have.length(1);
    expect(settles(inOrder(asked, granted, releasing, event(1_101, 'a', { kind: 'died' })))).to.deep.equal([]);
  });

  it('excuses the time in which the process could not run', () => {
    const away = event(1_150, 'a', { kind: 'late', ms: 100 });
    expect(settles(inOrder(lease('a', 1, 7, [0, 1_150, 1_200]), away))).to.deep.equal([]);
  });
});
