import { expect } from 'chai';
import { firstOf } from '../../lib/core/abort.js';

describe('firstOf', () => {
  it('aborts with the first of its signals, for that one’s reason', () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const first = firstOf([one.signal, other.signal]);
    expect(first.aborted).to.equal(false);
    other.abort('the other');
    one.abort('the one');
    expect([first.aborted, first.reason]).to.deep.equal([true, 'the other']);
  });

  it('has aborted already where one of them has', () => {
    expect(firstOf([new AbortController().signal, AbortSignal.abort('before')]).reason).to.equal('before');
  });
});
