import { expect } from 'chai';
import { DatabaseClock } from '../../lib/engine/database-clock.js';

const at = (monotonicMs: number) => ({ monotonicMs, wallMs: 0 });

describe('DatabaseClock', () => {
  it('knows nothing before the first answer', () => {
    expect(new DatabaseClock().latest(0)).to.equal(undefined);
  });

  it('says the latest that it can be in whole milliseconds, from an answer’s time and from before that was sent for', () => {
    const clock = new DatabaseClock();
    clock.learn(5_000_000, at(100));
    expect([clock.latest(100), clock.latest(100.2), clock.latest(1_100)]).to.deep.equal([5_000_000, 5_000_001, 5_001_000]);
  });

  it('goes by the last answer, so that it follows a clock that was set', () => {
    const clock = new DatabaseClock();
    clock.learn(5_000_000, at(100));
    clock.learn(1_000_000, at(200));
    expect(clock.latest(200)).to.equal(1_000_000);
  });
});
