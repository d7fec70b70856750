import { expect } from 'chai';
import { LoopTurns } from '../../lib/engine/loop-turns.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';

describe('LoopTurns', () => {
  let clock: ManualClock;
  let turns: LoopTurns;

  beforeEach(() => {
    clock = new ManualClock();
    turns = new LoopTurns(clock);
  });

  it('lets work go on for 2 ms since it was first asked, then wants a turn of the event loop', () => {
    expect(turns.mayGoOn()).to.equal(true);
    clock.block(1.9);
    expect(turns.mayGoOn()).to.equal(true);
    clock.block(0.1);
    expect([turns.mayGoOn(), turns.mayGoOn()]).to.deep.equal([false, false]);
  });

  it('begins to count anew after a turn', async () => {
    turns.mayGoOn();
    clock.block(10);
    await clock.turn();
    expect(turns.mayGoOn()).to.equal(true);
    clock.block(10);
    expect(turns.mayGoOn()).to.equal(false);
  });
});
