import { expect } from 'chai';
import { director, event, inOrder, lease } from './by-hand.js';
import { longestGapMs, progress } from './progress.js';

const over = director(100, { kind: 'over', what: 'kill', lock: 'x', limitMs: 300 });

describe('C4, progress', () => {
  it('lets a grant pass within the limit', () => {
    expect(progress(inOrder(over, lease('a', 1, 7, [0, 399, 500])))).to.deep.equal([]);
  });

  it('finds one that came too late, or never', () => {
    expect(progress(inOrder(over, lease('a', 1, 7, [0, 401, 500])))).to.have.length(1);
    expect(progress(inOrder(lease('a', 1, 7, [0, 99, 100]), over))).to.have.length(1);
  });

  it('excuses the time in which who was granted could not run, and the director, which carries its traffic', () => {
    const [own, proxy] = [event(350, 'a', { kind: 'late', ms: 60 }), director(300, { kind: 'late', ms: 60 })];
    const late = lease('a', 1, 7, [0, 510, 600]);
    expect(progress(inOrder(over, own, late))).to.have.length(1);
    expect(progress(inOrder(over, own, proxy, late))).to.deep.equal([]);
  });

  it('tells the longest gap between two grants', () => {
    expect(longestGapMs(inOrder(lease('a', 1, 7, [0, 10, 20]), lease('b', 1, 8, [0, 30, 40]), lease('a', 2, 9, [30, 45, 50])))).to.equal(
      20,
    );
  });
});
