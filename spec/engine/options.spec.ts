import { expect } from 'chai';
import { checkCall, lockOptions, operatorText, type TermDefaults, termsOf } from '../../lib/engine/options.js';
import { fixedPolling } from '../../lib/policies/fixed-polling.js';

const polling = fixedPolling(100);
const terms = (call?: object, defaults: Partial<TermDefaults> = {}) => termsOf({ polling, ...defaults }, call);
const DAY = 24 * 3_600_000;

describe('The terms of a call', () => {
  it('have a value for everything', () => {
    expect(terms()).to.deep.equal({
      ttlMs: 30_000,
      waitMs: 300_000,
      renew: true,
      minHoldMs: 0,
      maxHoldMs: Infinity,
      marginMs: 300,
      warnMs: 10_000,
      claimMs: 3_000,
      label: '',
      signal: undefined,
      onBusy: 'wait',
      onLost: 'reject',
      reentrant: false,
      polling,
    });
  });

  it('are its options over the registry’s', () => {
    const defaults = { ttl: '10s', wait: '1m', label: 'registry', onBusy: 'skip' } as const;
    expect(terms({ ttl: '20s', label: 'call' }, defaults)).to.include({ ttlMs: 20_000, waitMs: 60_000, label: 'call', onBusy: 'skip' });
  });

  it('take an option that is undefined for one that was not given', () => {
    expect(terms({ ttl: undefined, label: undefined }, { ttl: '10s', label: 'registry' })).to.include({ ttlMs: 10_000, label: 'registry' });
  });

  it('scale margin, warning and claim with the ttl', () => {
    expect(terms({ ttl: 600 })).to.include({ marginMs: 20, warnMs: 200, claimMs: 600 });
    expect(terms({ ttl: '30d' })).to.include({ marginMs: (30 * DAY) / 100, warnMs: 10 * DAY, claimMs: 3_000 });
  });

  it('are whole milliseconds where they are the database’s business', () => {
    expect(terms({ ttl: 300.2 })).to.include({ ttlMs: 301, claimMs: 301 });
    expect(terms({}, { claim: 100.5 }).claimMs).to.equal(101);
  });

  it('allow waits without an end and waits of none', () => {
    expect([terms({ wait: Infinity }).waitMs, terms({ wait: 0 }).waitMs]).to.deep.equal([Infinity, 0]);
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(terms())).to.equal(true);
  });

  const bad: readonly [option: string, value: unknown, kind: new () => Error, others?: object][] = [
    ['ttl', 199, RangeError],
    ['ttl', '31d', RangeError],
    ['ttl', Infinity, RangeError],
    ['ttl', NaN, TypeError],
    ['ttl', 'soon', TypeError],
    ['ttl', null, TypeError],
    ['wait', -1, RangeError],
    ['wait', 'for ever', TypeError],
    ['renew', 'yes', TypeError],
    ['renew', 0, TypeError],
    ['minHold', '31s', RangeError],
    ['minHold', -1, RangeError],
    ['maxHold', 29_999, RangeError],
    ['maxHold', true, TypeError],
    ['label', 7, TypeError],
    ['label', null, TypeError],
    ['signal', new AbortController(), TypeError],
    ['signal', null, TypeError],
    ['onBusy', 'queue', TypeError],
    ['onBusy', true, TypeError],
    ['onLost', 'throw', TypeError],
    ['reentrant', 'true', TypeError],
    ['polling', 100, TypeError],
    ['polling', null, TypeError],
  ];
  for (const [option, value, kind] of bad) {
    it(`refuse ${option}: ${typeof value === 'object' ? (value?.constructor.name ?? 'null') : JSON.stringify(value)}, and name the option`, () => {
      expect(() => terms({ [option]: value })).to.throw(kind, `"${option}"`);
    });
  }

  const badDefaults: readonly [option: string, value: unknown, kind: new () => Error][] = [
    ['margin', '16s', RangeError],
    ['margin', -1, RangeError],
    ['margin', 'wide', TypeError],
    ['warnBefore', '21s', RangeError],
    ['warnBefore', {}, TypeError],
    ['claim', 49, RangeError],
    ['claim', 'mine', TypeError],
  ];
  for (const [option, value, kind] of badDefaults) {
    it(`refuse a registry’s ${option}: ${JSON.stringify(value)}, and name the option`, () => {
      expect(() => terms({}, { [option]: value })).to.throw(kind, `"${option}"`);
    });
  }

  it('refuse a minHold that the call’s ttl does not allow', () => {
    expect(() => terms({ ttl: '5s' }, { minHold: '6s' })).to.throw(RangeError, '"minHold"');
  });

  it('refuse an option that nobody reads, and list those that are read', () => {
    expect(() => terms({ tll: '5s' })).to.throw(TypeError, /There is no option "tll"\. Options here: ttl, wait,/);
    for (const registryOnly of ['margin', 'claim', 'table', 'fairness'])
      expect(() => terms({ [registryOnly]: 1 })).to.throw(TypeError, `"${registryOnly}"`);
  });

  it('refuse an option that the call at hand does not take', () => {
    expect(() => termsOf({ polling }, { onBusy: 'skip' }, lockOptions)).to.throw(TypeError, 'There is no option "onBusy".');
  });

  it('refuse options that are no object', () => {
    for (const options of ['30s', 30_000, null]) expect(() => terms(options as never)).to.throw(TypeError, 'Options must be an object');
  });
});

describe('A call before its registry is known', () => {
  it('is refused for what no registry could make right, and the option named', () => {
    const bad = { tll: '5s', ttl: 'abc', minHold: '31d', maxHold: 100, renew: 1, label: 7, onBusy: 'sleep', polling: 5, signal: {} };
    for (const [option, value] of Object.entries(bad)) expect(() => checkCall({ [option]: value })).to.throw(Error, `"${option}"`);
    expect(() => checkCall({ ttl: '5s', minHold: '6s' })).to.throw(RangeError, '"minHold"');
    expect(() => checkCall({ ttl: '5s', maxHold: '4s' })).to.throw(RangeError, '"maxHold"');
  });

  it('passes with what some registry’s ttl allows', () => {
    for (const options of [{}, { minHold: '1d' }, { maxHold: '1s' }, { ttl: '5s', minHold: '5s', maxHold: '5s' }])
      expect(() => checkCall(options)).not.to.throw();
  });
});

describe('operatorText', () => {
  it('keeps what every server can store, up to 255 characters', () => {
    expect(operatorText('label', 'x'.repeat(300))).to.have.length(255);
    expect(operatorText('label', 'a\0b\ud83d')).to.equal('a\ufffdb\ufffd');
    expect(operatorText('label', `${'x'.repeat(254)}😀`)).to.equal(`${'x'.repeat(254)}\ufffd`);
  });
});
