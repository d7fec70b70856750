import { expect } from 'chai';
import fc from 'fast-check';
import { after, defaultMargin, earlier, type Instant, msUntil, statementTimeout } from '../../lib/core/deadline.js';

const start: Instant = { monotonicMs: 5_000, wallMs: 1_700_000_000_000 };
/** What the clocks show `ms` later, with the wall clock set by `jumpMs` meanwhile, or the monotonic one stopped for `asleepMs`. */
const later = (ms: number, { jumpMs = 0, asleepMs = 0 } = {}): Instant => ({
  monotonicMs: start.monotonicMs + ms - asleepMs,
  wallMs: start.wallMs + ms + jumpMs,
});

describe('A deadline', () => {
  const deadline = after(start, 1_000);

  it('comes closer as time passes, and is negative once it is past', () => {
    expect([0, 400, 1_000, 1_500].map((ms) => msUntil(deadline, later(ms)))).to.deep.equal([1_000, 600, 0, -500]);
  });

  it('is past when the wall clock was set forward beyond it', () => {
    expect(msUntil(deadline, later(100, { jumpMs: 3_600_000 }))).to.be.below(0);
  });

  it('is past when the machine slept beyond it, although the monotonic clock stood still', () => {
    expect(msUntil(deadline, later(60_000, { asleepMs: 60_000 }))).to.be.below(0);
  });

  it('gains nothing when the wall clock is set back', () => {
    expect(msUntil(deadline, later(900, { jumpMs: -3_600_000 }))).to.equal(100);
  });

  it('never comes later than time passed, whatever one of the clocks does', () => {
    const trouble = fc.oneof(fc.record({ jumpMs: fc.integer() }), fc.record({ asleepMs: fc.integer({ min: 0 }) }));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), trouble, (ms, what) => {
        expect(msUntil(deadline, later(ms, what))).to.be.at.most(1_000 - ms);
      }),
    );
  });
});

describe('earlier', () => {
  it('is the instant that the monotonic clock reaches first', () => {
    const [one, other] = [after(start, 1), after(start, 2)];
    expect([earlier(one, other), earlier(other, one)]).to.deep.equal([one, one]);
    expect(earlier(after(start, Infinity), other)).to.equal(other);
  });
});

describe('defaultMargin', () => {
  it('is 1 % of the ttl and at least 20 ms', () => {
    expect([200, 2_000, 30_000, 2_592_000_000].map(defaultMargin)).to.deep.equal([20, 20, 300, 25_920_000]);
  });
});

describe('statementTimeout', () => {
  it('leaves room for several attempts within a lease, and is 5 s at most', () => {
    expect([200, 4_000, 20_000, 30_000, 2_592_000_000].map(statementTimeout)).to.deep.equal([50, 1_000, 5_000, 5_000, 5_000]);
  });
});
