import { expect } from 'chai';
import { Rehearsal } from '../../lib/engine/rehearsal.js';
import { Store } from '../../lib/engine/store.js';
import { noRetry } from '../../lib/policies/no-retry.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { memoryStatements } from '../../lib/testing/memory-statements.js';
import { answered, failed, MemorySession } from '../support/memory-session.js';

describe('Rehearsal', () => {
  let clock: ManualClock;
  let session: MemorySession;
  let holdsAnything: boolean;
  let rehearsal: Rehearsal;

  const make = (rehearses: boolean) => {
    clock = new ManualClock();
    session = new MemorySession(new MemoryDatabase(clock), clock);
    const statements = memoryStatements();
    const one = { key: '', owner: '', usedToken: 0, restMs: 0, claimMs: 0 };
    const rehearsals = { rehearseConfirm: () => statements.leave(one), rehearseRelease: () => statements.release(one) };
    const parts = {
      session,
      statements: { ...statements, ...(rehearses && rehearsals) },
      retry: noRetry(),
      clock,
      random: () => 0,
      prepareTable: async () => undefined,
    };
    rehearsal = new Rehearsal(new Store(parts), clock, () => holdsAnything);
  };
  beforeEach(() => {
    holdsAnything = false;
    make(true);
  });

  const steps = () => session.sent.map(({ step }) => step);

  it('is at once where somebody stands in line, and only the first time', async () => {
    rehearsal.waiting();
    await clock.advance('1s');
    rehearsal.waiting();
    rehearsal.granted();
    await clock.advance('1h');
    expect(steps()).to.deep.equal(['leave', 'release']);
    expect(session.sent[0]?.atMs).to.equal(0);
    expect(clock.pending).to.equal(0);
  });

  it('is after a second where a lock is held for so long', async () => {
    rehearsal.granted();
    holdsAnything = true;
    await clock.advance(999);
    expect(steps()).to.deep.equal([]);
    await clock.advance(1);
    expect(steps()).to.deep.equal(['leave', 'release']);
  });

  it('is not for locks that are held briefly, and waits for the next one', async () => {
    rehearsal.granted();
    rehearsal.granted();
    await clock.advance('1h');
    expect(steps()).to.deep.equal([]);
    rehearsal.granted();
    holdsAnything = true;
    await clock.advance('1s');
    expect(steps()).to.deep.equal(['leave', 'release']);
  });

  it('leaves one that is announced to who waits meanwhile', async () => {
    rehearsal.granted();
    holdsAnything = true;
    rehearsal.waiting();
    await clock.advance('1h');
    rehearsal.granted();
    await clock.advance('1h');
    expect(steps()).to.deep.equal(['leave', 'release']);
  });

  it('disturbs nobody where it fails', async () => {
    session.plan('leave', failed());
    session.plan('release', answered);
    rehearsal.waiting();
    await clock.advance('1h');
    expect(steps()).to.deep.equal(['leave']);
  });

  it('is nothing where the dialect rehearses nothing', async () => {
    make(false);
    holdsAnything = true;
    rehearsal.granted();
    rehearsal.waiting();
    await clock.advance('1h');
    expect(steps()).to.deep.equal([]);
    expect(clock.pending).to.equal(0);
  });
});
