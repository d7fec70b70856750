import { expect } from 'chai';
import fc from 'fast-check';
import { msUntilClockReaches, nextToken, type TokenRange, TOKENS_RESERVED } from '../../lib/core/fencing-token.js';

const range: TokenRange = { first: 1_000, top: 1_000 + TOKENS_RESERVED, clockUs: 1_000 };

/** The tokens that hand-overs get which follow each other after these pauses. */
function handOvers(of: TokenRange, pausesMs: readonly number[]): { token: number; atMs: number }[] {
  const used: { token: number; atMs: number }[] = [];
  let [last, atMs] = [of.first, 0];
  for (const pause of pausesMs) {
    atMs += pause;
    const token = nextToken(last, of, atMs);
    if (token !== undefined) used.push({ token: (last = token), atMs });
  }
  return used;
}

const ranges = fc
  .record({
    clockUs: fc.integer({ min: 1, max: 2 ** 52 }),
    ahead: fc.integer({ min: 0, max: 20 }),
    reserved: fc.integer({ min: 0, max: 50 }),
  })
  .map(({ clockUs, ahead, reserved }) => ({ clockUs, first: clockUs + ahead, top: clockUs + ahead + reserved }));
const pauses = fc.array(fc.double({ min: 0, max: 0.02, noNaN: true }), { maxLength: 100 });

describe('nextToken', () => {
  it('is one above the last', () => {
    expect(nextToken(1_000, range, 1)).to.equal(1_001);
    expect(nextToken(1_500, range, 1_000)).to.equal(1_501);
  });

  it('waits for the clock of the database, in microseconds', () => {
    expect(nextToken(1_000, range, 0)).to.equal(undefined);
    expect(nextToken(1_000, range, 0.000_9)).to.equal(undefined);
    expect(nextToken(1_000, range, 0.001)).to.equal(1_001);
    expect(nextToken(1_001, range, 0.001)).to.equal(undefined);
  });

  it('waits for it from where it was at the grant, which may be behind the grant’s own token', () => {
    const ahead = { ...range, clockUs: 0 };
    expect(nextToken(1_000, ahead, 1)).to.equal(undefined);
    expect(nextToken(1_000, ahead, 1.001)).to.equal(1_001);
  });

  it('ends with what the row reserved', () => {
    expect(nextToken(range.top - 1, range, 1e9)).to.equal(range.top);
    expect(nextToken(range.top, range, 1e9)).to.equal(undefined);
  });

  it('never gives more than the row reserved, nor more than the clock, and always rises', () => {
    fc.assert(
      fc.property(ranges, pauses, (of, pausesMs) => {
        const used = handOvers(of, pausesMs);
        for (const { token, atMs } of used) {
          expect(token).to.be.at.most(of.top);
          expect((token - of.clockUs) / 1_000).to.be.at.most(atMs);
        }
        expect(used.map(({ token }) => token)).to.deep.equal(used.map((_, at) => of.first + 1 + at));
      }),
    );
  });

  it('lasts a second without a statement', () => {
    expect(TOKENS_RESERVED).to.equal(1_000_000);
  });
});

describe('msUntilClockReaches', () => {
  it('is the time until the clock has surely come so far', () => {
    expect(msUntilClockReaches(4_000, range, 0)).to.equal(3);
    expect(msUntilClockReaches(4_000, range, 2)).to.equal(1);
    expect(msUntilClockReaches(4_000, range, 5)).to.equal(-2);
  });
});
