import { expect } from 'chai';
import fc from 'fast-check';
import { decodeName, encodeName, LONGEST_NAME_BYTES } from '../../lib/core/lock-name.js';

/** Names as an application may have them: any UTF-16 units, halves of pairs included, and those that look like keys. */
const names = fc
  .oneof(
    fc.string({ minLength: 1, unit: 'binary', maxLength: 200 }),
    fc.string({ minLength: 1, unit: 'grapheme', maxLength: 100 }),
    fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1, maxLength: 200 }).map((units) => String.fromCharCode(...units)),
    fc.array(fc.integer({ min: 0xd700, max: 0xe0ff }), { minLength: 1, maxLength: 20 }).map((units) => String.fromCharCode(...units)),
    fc.base64String({ minLength: 4 }).map((text) => `~${text}`),
  )
  .filter((name) => Buffer.byteLength(name) <= LONGEST_NAME_BYTES);

const [HIGH, LOW] = ['\ud83d', '\ude00'];

describe('encodeName', () => {
  it('makes a key that gives the name back', () => {
    fc.assert(
      fc.property(names, (name) => void expect(decodeName(encodeName(name))).to.equal(name)),
      { numRuns: 2_000 },
    );
  });

  it('makes different keys of different names', () => {
    fc.assert(
      fc.property(names, names, (one, other) => {
        fc.pre(one !== other);
        expect(encodeName(one)).not.to.equal(encodeName(other));
      }),
    );
  });

  it('makes keys of printable ASCII without blanks at the ends, at most 1,400 characters', () => {
    const longest = fc.string({ unit: 'grapheme', minLength: 250, maxLength: 400 }).filter((name) => Buffer.byteLength(name) <= 1_024);
    fc.assert(fc.property(fc.oneof(names, longest), (name) => void expect(encodeName(name)).to.match(/^[!-~]([ -~]{0,1398}[!-~])?$/)));
  });

  it('makes the longest key of the longest name that is not plain', () => {
    expect(encodeName(`${'x'.repeat(1_022)}é`)).to.have.lengthOf.within(1_360, 1_400);
  });

  it('leaves plain names readable', () => {
    for (const name of ['order:42', 'Nightly report (v2)', '\\\'";--', 'a~b', '%_*', '{}']) expect(encodeName(name)).to.equal(name);
  });

  it('tells apart what collations, padding and normal forms merge', () => {
    const alike = [
      'job',
      'Job',
      'JOB',
      'job ',
      'job  ',
      ' job',
      'jób',
      'jo\u0301b',
      'job\0',
      'job\n',
      'jo\u200bb',
      'ｊｏｂ',
      'ﬁ',
      'fi',
      'ß',
      'ss',
    ];
    expect(new Set(alike.map(encodeName))).to.have.property('size', alike.length);
    expect(new Set(alike.map((name) => encodeName(name).toLowerCase().trim())).size).to.equal(alike.length - 2); // Job and JOB
  });

  it('tells apart halves of surrogate pairs, the pair, and the character that stands for what is broken', () => {
    const broken = [
      HIGH,
      LOW,
      HIGH + HIGH,
      LOW + HIGH,
      HIGH + LOW,
      '\ufffd',
      `${HIGH}\ufffd`,
      `${HIGH}a`,
      `${LOW}${HIGH}${LOW}`,
      '\ud7ff',
      '\ue000',
    ];
    expect(new Set(broken.map(encodeName))).to.have.property('size', broken.length);
    expect(broken.map((name) => decodeName(encodeName(name)))).to.deep.equal(broken);
  });

  it('encodes a name that looks like a key, so that it is nobody else’s', () => {
    const key = encodeName('é');
    expect(key).to.equal('~w6k');
    expect(encodeName(key)).not.to.equal(key);
    expect(decodeName(encodeName(key))).to.equal(key);
  });

  it('keeps a zero byte', () => {
    expect(decodeName(encodeName('a\0b'))).to.equal('a\0b');
  });

  it('counts the length in bytes of UTF-8', () => {
    expect(() => encodeName('x'.repeat(LONGEST_NAME_BYTES))).not.to.throw();
    expect(() => encodeName('é'.repeat(LONGEST_NAME_BYTES / 2))).not.to.throw();
    expect(() => encodeName('x'.repeat(LONGEST_NAME_BYTES + 1))).to.throw(RangeError, /1024 bytes.*has 1025/);
    expect(() => encodeName('é'.repeat(LONGEST_NAME_BYTES / 2 + 1))).to.throw(RangeError, /has 1026/);
  });

  it('refuses what is no text, and empty text: a missing id must not turn into no exclusion', () => {
    expect(() => encodeName(undefined)).to.throw(TypeError, 'must be text; got undefined');
    expect(() => encodeName(null)).to.throw(TypeError, 'must be text; got null');
    expect(() => encodeName(7)).to.throw(TypeError, 'must be text; got number');
    expect(() => encodeName('')).to.throw(TypeError, 'must not be empty');
  });
});
