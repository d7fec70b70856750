import { expect } from 'chai';
import { callable, count, flag, oneOf, policy, rejectUnknown } from '../../lib/core/option-checks.js';

describe('count', () => {
  it('takes whole numbers and Infinity from its least on, and names the option otherwise', () => {
    expect([count('maxWaiting', 0, 0), count('maxWaiting', Infinity, 0)]).to.deep.equal([0, Infinity]);
    for (const value of [-1, 0.5, NaN, -Infinity, '3' as never])
      expect(() => count('maxWaiting', value, 0)).to.throw(RangeError, '"maxWaiting"');
  });
});

describe('flag', () => {
  it('takes true and false, and otherwise what it is without', () => {
    expect([flag('create', false, true), flag('create', undefined, true)]).to.deep.equal([false, true]);
    for (const value of ['true', 1, null]) expect(() => flag('create', value, true)).to.throw(TypeError, '"create"');
  });
});

describe('policy', () => {
  it('takes functions', () => {
    const polling = () => 7;
    expect(policy('polling', polling)).to.equal(polling);
    expect(() => policy('retry', {} as never)).to.throw(TypeError, '"retry"');
  });
});

describe('rejectUnknown', () => {
  it('lets known options pass, whatever their values', () => {
    expect(() => rejectUnknown({ max: undefined }, ['max'])).not.to.throw();
    expect(() => rejectUnknown({ min: 1 }, ['max'])).to.throw(TypeError, 'There is no option "min". Options here: max.');
  });
});

describe('callable', () => {
  it('takes functions, and names the option otherwise', () => {
    expect(callable('random', Math.random)).to.equal(Math.random);
    expect(() => callable('random', 5 as never)).to.throw(TypeError, 'Option "random" must be a function; got number.');
  });
});

describe('oneOf', () => {
  it('takes what is allowed, and says what that is otherwise', () => {
    expect(oneOf('onBusy', 'skip', ['wait', 'skip'])).to.equal('skip');
    expect(() => oneOf('onBusy', '', ['wait', 'skip'])).to.throw(TypeError, `Option "onBusy" must be one of 'wait', 'skip'; got ''.`);
  });
});
