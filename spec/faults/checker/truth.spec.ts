import { expect } from 'chai';
import { event, inOrder, lease } from './by-hand.js';
import { truth } from './truth.js';

// The deadline is at 1,000.
const held = lease('a', 1, 7, [0, 1, 2_000]);
const seen = (at: number, says: boolean, aborted: boolean) => event(at, 'a', { kind: 'seen', ask: 1, held: says, aborted });

describe('C5, truth', () => {
  it('lets a lease pass that is held until its deadline and aborts its signal soon after', () => {
    expect(truth(inOrder(held, seen(999, true, false), seen(1_010, false, false), seen(1_060, false, true)))).to.deep.equal([]);
  });

  it('finds one that says that it is held past its deadline, even if it could not run before', () => {
    const away = event(1_500, 'a', { kind: 'late', ms: 1_000 });
    expect(truth(inOrder(held, seen(1_010, true, false)))).to.have.length(1);
    expect(truth(inOrder(held, away, seen(1_500, true, true)))).to.have.length(1);
  });

  it('asks nothing of the signal of a lease whose release had begun', () => {
    const releasing = lease('a', 1, 7, [0, 1, 900]);
    expect(truth(inOrder(releasing, seen(1_500, false, false)))).to.deep.equal([]);
  });

  it('finds a signal that did not abort, but for the time in which nothing could run', () => {
    const away = event(1_500, 'a', { kind: 'late', ms: 1_000 });
    expect(truth(inOrder(held, seen(1_500, false, false)))).to.have.length(1);
    expect(truth(inOrder(held, away, seen(1_501, false, false)))).to.deep.equal([]);
  });
});
