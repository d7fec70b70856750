import { expect } from 'chai';
import { fixedPolling } from '../../lib/policies/fixed-polling.js';
import { seen } from '../support/polling-context.js';

describe('fixedPolling', () => {
  it('answers the same time at every attempt, one second where none is given', () => {
    expect([1, 2, 50].map((attempt) => fixedPolling()(seen({ attempt })))).to.deep.equal([1_000, 1_000, 1_000]);
    expect(fixedPolling('250ms')(seen({ attempt: 7 }))).to.equal(250);
  });

  it('refuses to look without a pause, and names the option', () => {
    expect(() => fixedPolling(0)).to.throw(RangeError, 'Option "every"');
    expect(() => fixedPolling('often')).to.throw(TypeError, 'Option "every"');
  });
});
