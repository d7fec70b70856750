import { expect } from 'chai';
import { giveUp } from '../../lib/contracts/polling-policy.js';
import { atMost, within } from '../../lib/policies/combine.js';
import { fixedPolling } from '../../lib/policies/fixed-polling.js';
import { seen } from '../support/polling-context.js';

describe('atMost', () => {
  it('answers as its policy does until the lock was found busy so often, then gives up', () => {
    const policy = atMost(3, ({ attempt }) => attempt * 10);
    expect([1, 2, 3, 4].map((attempt) => policy(seen({ attempt })))).to.deep.equal([10, 20, giveUp, giveUp]);
  });

  it('gives up at once where one look is all', () => {
    expect(atMost(1, fixedPolling())(seen())).to.equal(giveUp);
  });

  it('refuses anything but a whole number of at least 1', () => {
    for (const attempts of [0, -1, 1.5, NaN, Infinity, '3' as never])
      expect(() => atMost(attempts, fixedPolling()), String(attempts)).to.throw(RangeError, 'atMost() needs a whole number of at least 1');
  });
});

describe('within', () => {
  it('answers as its policy does while time is left, and gives up when it is over', () => {
    const policy = within('1s', fixedPolling(300));
    expect([0, 500, 999, 1_000, 5_000].map((elapsedMs) => policy(seen({ elapsedMs })))).to.deep.equal([300, 300, 1, giveUp, giveUp]);
  });

  it('gives up when its policy does', () => {
    expect(within('1s', () => giveUp)(seen())).to.equal(giveUp);
  });

  it('combines', () => {
    const policy = within(1_000, atMost(3, fixedPolling(600)));
    expect(policy(seen({ attempt: 2, elapsedMs: 600 }))).to.equal(400);
    expect(policy(seen({ attempt: 3, elapsedMs: 600 }))).to.equal(giveUp);
  });

  it('needs a policy, as atMost does', () => {
    for (const make of [() => within('2m', undefined as never), () => atMost(5, 50 as never)]) expect(make).to.throw(TypeError, '"policy"');
  });

  it('refuses a duration that is none', () => {
    expect(() => within(-1, fixedPolling())).to.throw(RangeError, 'within');
    expect(() => within('later', fixedPolling())).to.throw(TypeError, 'within');
  });
});
