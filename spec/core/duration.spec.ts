import { expect } from 'chai';
import { type Duration, parseDuration } from '../../lib/core/duration.js';

const parse = (value: unknown, bounds?: { min?: number; max?: number }) => parseDuration('ttl', value as Duration, bounds);

describe('parseDuration', () => {
  it('takes a number as milliseconds', () => {
    expect(parse(1_500)).to.equal(1_500);
    expect(parse(0)).to.equal(0);
    expect(parse(0.5)).to.equal(0.5);
  });

  it('reads text with a unit', () => {
    const texts = ['250ms', '30s', '5m', '2h', '1d', '1.5 h', '10 seconds', '2 Minutes', '1w'];
    expect(texts.map((text) => parse(text))).to.deep.equal([
      250, 30_000, 300_000, 7_200_000, 86_400_000, 5_400_000, 10_000, 120_000, 604_800_000,
    ]);
  });

  it('takes Infinity where there is no upper bound', () => {
    expect(parse(Infinity)).to.equal(Infinity);
    expect(() => parse(Infinity, { max: 1_000 })).to.throw(RangeError);
  });

  it('refuses text that says no duration, and names the option', () => {
    for (const text of ['', ' ', 'soon', '30', '30 ', 's', '1x', '5mm', '1h30m', '--1s', 'NaN', '1e3', 'ms', `${'1'.repeat(100)}s`]) {
      expect(() => parse(text), text).to.throw(TypeError, 'Option "ttl" must be milliseconds or text such as \'30s\'');
    }
  });

  it('refuses what is neither a number nor text', () => {
    for (const value of [NaN, null, true, {}, [], 5n, new Date(0)]) expect(() => parse(value)).to.throw(TypeError, 'Option "ttl"');
  });

  it('refuses what is out of bounds, and says the bounds in words', () => {
    const bounds = { min: 200, max: 30 * 86_400_000 };
    expect(parse(200, bounds)).to.equal(200);
    expect(parse('30d', bounds)).to.equal(bounds.max);
    expect(() => parse(199, bounds)).to.throw(RangeError, 'Option "ttl" must be between 200ms and 30d; got 199.');
    expect(() => parse('31d', bounds)).to.throw(RangeError, "got '31d'");
    expect(() => parse(-1)).to.throw(RangeError, 'between 0ms and Infinity; got -1');
    expect(() => parse('-1s')).to.throw(RangeError, "got '-1s'");
  });
});
