import { expect } from 'chai';
import { TOKENS_RESERVED } from '../../lib/core/fencing-token.js';
import type { Instant } from '../../lib/core/deadline.js';
import { Holding } from '../../lib/engine/holding.js';
import { termsOf } from '../../lib/engine/options.js';
import { fixedPolling } from '../../lib/policies/fixed-polling.js';

const WALL_MS = Date.UTC(2030, 0, 1);
const DATABASE_MS = Date.UTC(2030, 5, 1);
const at = (monotonicMs: number): Instant => ({ monotonicMs, wallMs: WALL_MS + monotonicMs });

/** Sent at 1,000, answered at 1,400. */
function holding(first = DATABASE_MS * 1_000, waiters = 0): Holding {
  const terms = termsOf({ polling: fixedPolling() });
  const grant = { token: first, tokenTop: first + TOKENS_RESERVED, acquiredAt: DATABASE_MS, now: DATABASE_MS, waiters };
  const answered = { answer: grant, firstSent: at(1_000), lastSent: at(1_200), arrived: at(1_400), unsureUntilMs: undefined };
  return new Holding({ name: 'invoices', key: 'invoices' }, 'owner 1', terms, answered);
}

describe('A holding', () => {
  it('is believed in from before its ask was sent, less the margin', () => {
    expect([holding().remainingMs(at(1_400)), holding().remainingMs(at(40_000))]).to.deep.equal([29_300, 0]);
  });

  it('knows from its grant whether others wait', () => {
    expect([holding(), holding(undefined, 1)].map(({ othersWait }) => othersWait)).to.deep.equal([false, true]);
  });

  it('is due for renewal at a third of the ttl from then', () => {
    expect(holding().renewAtMs).to.equal(11_000);
  });

  it('tells the database’s time, as far as its answer tells', () => {
    expect(holding().databaseDate(at(2_400))).to.deep.equal(new Date(DATABASE_MS + 1_000));
  });

  it('lasts from before its renewal was sent', () => {
    const one = holding();
    one.extend(at(11_000), 30_000, 300, one.usedToken);
    expect([one.remainingMs(at(11_500)), one.renewAtMs]).to.deep.equal([29_200, 21_000]);
  });

  it('never gets shorter, and is renewed in time where it was made longer', () => {
    const one = holding();
    one.extend(at(2_000), 120_000, 300, 0);
    expect([one.remainingMs(at(2_000)), one.renewAtMs]).to.deep.equal([119_700, 101_700]);
    one.extend(at(3_000), 30_000, 300, 0);
    expect(one.remainingMs(at(3_000))).to.equal(118_700);
  });

  it('is over for good when it has ended', () => {
    const one = holding();
    one.ended = true;
    expect(one.remainingMs(at(1_400))).to.equal(0);
  });

  it('gives its grant’s own token first, then one above the other as the clock goes on', () => {
    const one = holding(1_000_000);
    expect(one.usedToken).to.equal(0);
    expect([one.takeToken(at(1_400)), one.usedToken]).to.deep.equal([1_000_000, 1_000_000]);
    expect(one.takeToken(at(1_401))).to.equal(1_000_001);
  });

  it('gives none that is ahead of the database’s clock, and says how long until it is not', () => {
    const one = holding(DATABASE_MS * 1_000 + 5_000);
    expect(one.takeToken(at(1_400))).to.equal(DATABASE_MS * 1_000 + 5_000);
    expect(one.takeToken(at(1_404))).to.equal(undefined);
    expect(one.msUntilToken(at(1_404))).to.be.closeTo(1.001, 0.000_1);
    expect(one.takeToken(at(1_406))).to.equal(DATABASE_MS * 1_000 + 5_001);
  });

  it('has tokens until those are used that the row reserved, and more after a renewal', () => {
    const one = holding();
    one.takeToken(at(1_400));
    expect(one.hasTokens).to.equal(true);
    one.extend(at(2_000), 30_000, 300, 0);
    expect(one.hasTokens).to.equal(true);
  });
});
