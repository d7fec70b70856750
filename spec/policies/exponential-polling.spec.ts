import { expect } from 'chai';
import fc from 'fast-check';
import { exponentialPolling } from '../../lib/policies/exponential-polling.js';
import { seen } from '../support/polling-context.js';

const delays = (policy: ReturnType<typeof exponentialPolling>, chance: number) =>
  [1, 2, 3, 4, 5, 6, 7, 1_000, 100_000].map((attemptSinceMove) => policy(seen({ attemptSinceMove, random: () => chance })));

describe('exponentialPolling', () => {
  it('doubles its interval up to the ceiling', () => {
    expect(delays(exponentialPolling({ first: 100, ceiling: '1s' }), 1)).to.deep.equal([
      100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000, 1_000,
    ]);
  });

  it('begins with 25 ms and goes up to 1 s by itself', () => {
    expect(delays(exponentialPolling(), 1).slice(0, 7)).to.deep.equal([25, 50, 100, 200, 400, 800, 1_000]);
  });

  it('spreads over the whole interval after the cap, so that capped clients do not wake together', () => {
    const policy = exponentialPolling({ first: 100, ceiling: 1_000 });
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (chance) => {
        expect(policy(seen({ attemptSinceMove: 40, random: () => chance }))).to.equal(chance * 1_000);
      }),
    );
  });

  it('starts anew when the lock has changed hands, however often it was busy before', () => {
    expect(exponentialPolling({ first: 100 })(seen({ attempt: 50, attemptSinceMove: 2, random: () => 1 }))).to.equal(200);
  });

  it('doubles its interval for each who stands in front, so that a long line costs little more than its head', () => {
    const intervals = Array.from({ length: 64 }, (_, ahead) => Number(exponentialPolling()(seen({ ahead, random: () => 1 }))));
    expect(intervals.slice(0, 7)).to.deep.equal([25, 50, 100, 200, 400, 800, 1_000]);
    expect(intervals.slice(6)).to.deep.equal(Array(58).fill(1_000));
  });

  it('takes its chance from the engine', () => {
    expect(exponentialPolling({ first: 100 })(seen({ random: () => 0.25 }))).to.equal(25);
  });

  it('refuses intervals that are none, and names the option', () => {
    expect(() => exponentialPolling({ first: 0 })).to.throw(RangeError, 'Option "first"');
    expect(() => exponentialPolling({ first: 100, ceiling: 99 })).to.throw(RangeError, 'Option "ceiling"');
    expect(() => exponentialPolling({ ceiling: 'low' })).to.throw(TypeError, 'Option "ceiling"');
    expect(() => exponentialPolling({ frist: 1 } as object)).to.throw(TypeError, 'There is no option "frist".');
  });
});
