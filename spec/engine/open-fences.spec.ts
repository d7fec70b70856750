import { expect } from 'chai';
import { OpenFences } from '../../lib/engine/open-fences.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { watched } from '../support/outcome.js';

describe('The open fences of a lease', () => {
  let clock: ManualClock;
  let fences: OpenFences;

  beforeEach(() => {
    clock = new ManualClock();
    fences = new OpenFences();
  });

  it('block nothing while there are none', async () => {
    await fences.ended(clock, 1_000);
    expect([fences.blocking, fences.unsure, clock.pending]).to.deep.equal([false, false, 0]);
  });

  it('block until all have ended, however they did', async () => {
    const [first, second] = [fences.open(), fences.open()];
    const { status } = watched(fences.ended(clock, 1_000));
    first('committed');
    await clock.advance(999);
    expect([status(), fences.blocking]).to.deep.equal(['pending', true]);
    second('rolled-back');
    await clock.advance(0);
    expect([status(), fences.blocking, fences.unsure, clock.pending]).to.deep.equal(['fulfilled', false, false, 0]);
  });

  it('are unsure for good after a COMMIT without an answer', () => {
    fences.open()('unknown');
    fences.open()('committed');
    expect([fences.blocking, fences.unsure]).to.deep.equal([true, true]);
  });

  it('end once', () => {
    const end = fences.open();
    end('committed');
    end('unknown');
    expect(fences.unsure).to.equal(false);
  });

  it('are not waited for longer than is said, and are unsure then', async () => {
    fences.open();
    const { status } = watched(fences.ended(clock, 1_000));
    await clock.advance(1_000);
    expect([status(), fences.unsure]).to.deep.equal(['fulfilled', true]);
  });
});
