import { expect } from 'chai';
import { ManualClock } from '../../lib/testing/index.js';

const START = Date.UTC(2020, 0, 1);

describe('ManualClock', () => {
  let clock: ManualClock;
  let fired: string[];

  beforeEach(() => {
    clock = new ManualClock(START);
    fired = [];
  });

  const note = (ms: number, what: string): (() => void) => clock.after(ms, () => fired.push(`${what} at ${clock.now().monotonicMs}`));

  it('stands still until it is told to move, and both of its clocks move together', async () => {
    expect(clock.now()).to.deep.equal({ monotonicMs: 0, wallMs: START });
    await clock.advance('1.5s');
    expect(clock.now()).to.deep.equal({ monotonicMs: 1_500, wallMs: START + 1_500 });
  });

  it('fires timers in the order of their times, then of their making, each at its own time', async () => {
    note(30, 'third');
    note(10, 'first');
    note(30, 'fourth');
    note(20, 'second');
    note(31, 'late');
    await clock.advance(30);
    expect(fired).to.deep.equal(['first at 10', 'second at 20', 'third at 30', 'fourth at 30']);
    expect(clock.pending).to.equal(1);
  });

  it('lets what a timer starts settle before the next one fires, timers that it sets included', async () => {
    clock.after(10, () => {
      void Promise.resolve()
        .then(() => clock.turn())
        .then(() => note(5, 'set meanwhile'));
    });
    note(20, 'set before');
    await clock.advance(20);
    expect(fired).to.deep.equal(['set meanwhile at 15', 'set before at 20']);
  });

  it('fires nothing that was cancelled, and never what never comes', async () => {
    note(10, 'cancelled')();
    note(Infinity, 'never');
    await clock.advance('365d');
    expect(fired).to.deep.equal([]);
  });

  it('wakes sleepers in time and writes down what they asked for', async () => {
    const slept = [clock.sleep(200), clock.sleep(100)].map((sleep, at) =>
      sleep.then(() => fired.push(`${at} at ${clock.now().monotonicMs}`)),
    );
    await clock.advance(200);
    await Promise.all(slept);
    expect(fired).to.deep.equal(['1 at 100', '0 at 200']);
    expect(clock.slept).to.deep.equal([200, 100]);
  });

  it('ends a sleep with the reason of its signal, and leaves no timer behind', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const sleeps = [clock.sleep(100, controller.signal), clock.sleep(100, AbortSignal.abort(reason))];
    controller.abort(reason);
    const rejected = { status: 'rejected', reason };
    expect(await Promise.allSettled(sleeps)).to.deep.equal([rejected, rejected]);
    expect(clock.pending).to.equal(0);
  });

  it('holds timers back while the process is blocked, and fires them late with the next step', async () => {
    note(10, 'overdue');
    clock.block(50);
    expect(fired).to.deep.equal([]);
    await clock.advance(0);
    expect(fired).to.deep.equal(['overdue at 50']);
  });

  it('lets the wall clock jump without the monotonic one, and back', async () => {
    clock.jump(3_600_000);
    expect(clock.now()).to.deep.equal({ monotonicMs: 0, wallMs: START + 3_600_000 });
    clock.jump(-7_200_000);
    await clock.advance(1);
    expect(clock.now()).to.deep.equal({ monotonicMs: 1, wallMs: START - 3_600_000 + 1 });
  });

  it('moves as far as a promise needs, answers as it does, and says so where nothing would ever settle it', async () => {
    expect(await clock.until(clock.sleep(70).then(() => clock.sleep(30).then(() => 'done')))).to.equal('done');
    expect(clock.now().monotonicMs).to.equal(100);
    const failing = new Error('failed');
    const outcomes = await Promise.allSettled([clock.until(Promise.reject(failing)), clock.until(new Promise(() => undefined))]);
    expect(outcomes[0]).to.deep.equal({ status: 'rejected', reason: failing });
    expect(outcomes[1]).to.have.property('status', 'rejected');
  });
});
