import { expect } from 'chai';
import { leave, Line } from '../../lib/core/line.js';

describe('Line', () => {
  it('serves those first who came first', () => {
    const line = new Line<string>();
    for (const one of ['a', 'b', 'c']) line.enter(one);
    expect([line.first, line.size, [...line]]).to.deep.equal(['a', 3, ['a', 'b', 'c']]);
  });

  it('is left from anywhere, once', () => {
    const line = new Line<string>();
    const [first, middle, last] = ['a', 'b', 'c'].map((one) => line.enter(one));
    expect([leave(middle), leave(middle), [...line]]).to.deep.equal([true, false, ['a', 'c']]);
    expect([leave(first), leave(last), line.size, line.first]).to.deep.equal([true, true, 0, undefined]);
    expect(leave(undefined)).to.equal(false);
  });

  it('shows those who were there when it was looked at, whoever leaves meanwhile', () => {
    const line = new Line<string>();
    const places = new Map(['a', 'b', 'c'].map((one) => [one, line.enter(one)] as const));
    const seen: string[] = [];
    for (const one of line) {
      seen.push(one);
      for (const place of places.values()) leave(place);
    }
    expect(seen).to.deep.equal(['a', 'b', 'c']);
  });
});
