import { expect } from 'chai';
import { transientRetry } from '../../lib/policies/transient-retry.js';
import { CONFLICT, NOT_DONE, REFUSED, UNKNOWN } from '../support/memory-session.js';
import { rejection } from '../support/outcome.js';
import { failureWith, RetryTrial } from '../support/retry-trial.js';

const deadlock = failureWith(NOT_DONE);

describe('transientRetry', () => {
  it('tries again what may succeed soon, whether it was not done or nobody knows', async () => {
    const trial = new RetryTrial();
    expect(await trial.run<unknown>(transientRetry(), deadlock, failureWith(UNKNOWN), 'an answer')).to.equal('an answer');
    expect(trial.startedMs).to.have.length(3);
  });

  it('pauses on the engine’s clock only, doubling up to the ceiling with full jitter', async () => {
    const trial = new RetryTrial({ chance: 0.5 });
    await rejection(trial.run(transientRetry({ retries: 5, first: 40, ceiling: 200 }), deadlock));
    expect(trial.clock.slept).to.deep.equal([20, 40, 80, 100, 100]);
    expect(trial.startedMs).to.deep.equal([0, 20, 60, 140, 240, 340]);
  });

  it('tries 9 times by itself, with pauses from 20 ms to 1 s, and rejects with the last error', async () => {
    const trial = new RetryTrial();
    const last = failureWith(NOT_DONE);
    expect(await rejection(trial.run(transientRetry(), ...Array<Error>(8).fill(deadlock), last))).to.equal(last);
    expect(trial.clock.slept).to.deep.equal([20, 40, 80, 160, 320, 640, 1_000, 1_000]);
  });

  it('does not try again what fails for good', async () => {
    const trial = new RetryTrial();
    const refused = failureWith(REFUSED);
    expect(await rejection(trial.run(transientRetry(), refused))).to.equal(refused);
    expect(trial.startedMs).to.have.length(1);
  });

  it('does not try a mistake in a program again, and passes it on unchanged', async () => {
    for (const mistake of [new TypeError('not a function'), new TypeError('fetch failed'), new Error('mine')]) {
      const trial = new RetryTrial();
      expect(await rejection(trial.run(transientRetry(), mistake))).to.equal(mistake);
      expect(trial.startedMs).to.have.length(1);
    }
  });

  it('starts no attempt that the deadline forbids, and does not sleep for it either', async () => {
    const trial = new RetryTrial({ remainingMs: 100 });
    expect(await rejection(trial.run(transientRetry({ first: 30 }), deadlock))).to.equal(deadlock);
    expect(trial.startedMs).to.deep.equal([0, 30, 90]);
    expect(trial.clock.now().monotonicMs).to.equal(90);
  });

  it('waits out the rest after a conflict, which is no reason to end a wait before its time', async () => {
    const trial = new RetryTrial({ remainingMs: 100 });
    const conflict = failureWith(CONFLICT);
    expect(await rejection(trial.run(transientRetry({ first: 30 }), conflict))).to.equal(conflict);
    expect(trial.startedMs).to.deep.equal([0, 30, 90]);
    expect(trial.clock.now().monotonicMs).to.equal(100);
  });

  it('tries once where no time is left from the start', async () => {
    const trial = new RetryTrial({ remainingMs: 0 });
    await rejection(trial.run(transientRetry(), deadlock));
    expect(trial.startedMs).to.deep.equal([0]);
  });

  it('asks once where there are to be no retries', async () => {
    const trial = new RetryTrial();
    await rejection(trial.run(transientRetry({ retries: 0 }), deadlock));
    expect(trial.startedMs).to.deep.equal([0]);
    expect(trial.clock.slept).to.deep.equal([]);
  });

  it('refuses options that are none, and names them', () => {
    for (const retries of [-1, 1.5, NaN]) expect(() => transientRetry({ retries })).to.throw(RangeError, 'Option "retries"');
    expect(() => transientRetry({ retires: 1 } as object)).to.throw(TypeError, 'There is no option "retires".');
    expect(() => transientRetry({ first: 0 })).to.throw(RangeError, 'Option "first"');
    expect(() => transientRetry({ first: 50, ceiling: 20 })).to.throw(RangeError, 'Option "ceiling"');
  });
});
