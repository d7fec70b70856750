import { expect } from 'chai';
import type { Release } from '../../lib/contracts/dialect.js';
import { Janitor } from '../../lib/engine/janitor.js';
import { Store } from '../../lib/engine/store.js';
import { noRetry } from '../../lib/policies/no-retry.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { memoryStatements } from '../../lib/testing/memory-statements.js';
import { answeredAfter, failed, MemorySession, REFUSED, silent } from '../support/memory-session.js';
import { watched } from '../support/outcome.js';
import { Recorder } from '../support/recorder.js';

const invoices = { name: 'invoices', key: 'invoices' };
const terms = { ttlMs: 30_000, claimMs: 3_000 };

describe('Janitor', () => {
  let clock: ManualClock;
  let session: MemorySession;
  let events: Recorder;
  let janitor: Janitor;

  beforeEach(() => {
    clock = new ManualClock();
    session = new MemorySession(new MemoryDatabase(clock), clock);
    events = new Recorder();
    const parts = {
      session,
      statements: memoryStatements(),
      retry: noRetry(),
      clock,
      random: () => 0,
      prepareTable: async () => undefined,
    };
    janitor = new Janitor(new Store(parts), clock, events);
  });

  const giveBackTimes = () => session.sent.map(({ atMs }) => atMs);

  it('gives back with one statement, and with the tokens that were not used', async () => {
    janitor.giveBack(invoices, 'owner 1', terms, { usedToken: 17 });
    await clock.advance('1h');
    expect(session.sent.map(({ args }) => args[0] as Release)).to.deep.equal([
      { key: 'invoices', owner: 'owner 1', usedToken: 17, claimMs: 3_000 },
    ]);
    expect(clock.pending).to.equal(0);
  });

  it('tries once a second until the database answers, and tells of each failure', async () => {
    session.plan('leave', failed(REFUSED), failed(), failed());
    janitor.giveBack(invoices, 'owner 1', terms);
    await clock.advance('1h');
    expect(giveBackTimes()).to.deep.equal([0, 1_000, 2_000, 3_000]);
    expect(events.of('failed').map(({ lockName, step }) => [lockName, step])).to.deep.equal(Array(3).fill(['invoices', 'leave']));
  });

  it('waits for no answer longer than a statement may take', async () => {
    session.plan('leave', silent);
    janitor.giveBack(invoices, 'owner 1', terms);
    await clock.advance('1h');
    expect(giveBackTimes()).to.deep.equal([0, 6_000]);
  });

  it('gives back once more when what it gives back cannot be carried out any more', async () => {
    janitor.giveBack(invoices, 'owner 1', terms, { unsureUntilMs: 10_000 });
    await clock.advance('1h');
    expect(giveBackTimes()).to.deep.equal([0, 10_000]);
  });

  it('is closed when what is under way has ended, and begins nothing again', async () => {
    session.plan('leave', answeredAfter(500));
    janitor.giveBack(invoices, 'owner 1', terms);
    const closing = watched(janitor.close());
    await clock.advance(499);
    expect(closing.status()).to.equal('pending');
    await clock.advance(1);
    expect(closing.status()).to.equal('fulfilled');
  });

  it('does not try again once it is closed', async () => {
    session.always('leave', failed());
    janitor.giveBack(invoices, 'owner 1', terms);
    await clock.advance('1500ms');
    await janitor.close();
    await clock.advance('1h');
    expect([session.count('leave'), clock.pending]).to.deep.equal([2, 0]);
  });

  it('still tries once what is given to it while it closes', async () => {
    session.always('leave', failed());
    const closing = janitor.close();
    janitor.giveBack(invoices, 'owner 1', terms);
    await closing;
    await clock.advance('1h');
    expect(session.count('leave')).to.equal(1);
  });
});
