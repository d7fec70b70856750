import { expect } from 'chai';
import type { LeaseLostError } from '../../lib/core/errors.js';
import { LockRegistryClosedError } from '../../lib/core/errors.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { answeredAfter, failed, silent } from '../support/memory-session.js';
import { failureOf, watched } from '../support/outcome.js';
import { Replica } from '../support/replica.js';

describe('Closing', () => {
  let clock: ManualClock;
  let database: MemoryDatabase;
  let replica: Replica;

  beforeEach(() => {
    clock = new ManualClock();
    database = new MemoryDatabase(clock);
    replica = new Replica(database, clock);
  });

  const close = (graceMs: number) => {
    const closed = replica.engine.close(graceMs);
    return { closed, ...watched(closed) };
  };

  it('is over at once where nothing is held', async () => {
    await (await replica.acquire('invoices')).release();
    await replica.engine.close(5_000);
    expect(clock.pending).to.equal(0);
  });

  it('refuses whoever waits, here and at the database, and leaves the line', async () => {
    const elsewhere = await new Replica(database, clock).acquire('b');
    await replica.acquire('a');
    const refused = ['a', 'b'].map((name) => failureOf(replica.acquire(name), LockRegistryClosedError));
    await clock.advance(100);
    const { closed } = close(1_000);
    expect((await Promise.all(refused)).map(({ lockName }) => lockName)).to.deep.equal(['a', 'b']);
    await clock.until(closed);
    expect([database.row('b').line, elsewhere.held]).to.deep.equal([[], true]);
  });

  it('lets holders finish, and keeps their leases until then', async () => {
    const lease = await replica.acquire('invoices', { ttl: '2s' });
    const closing = close(60_000);
    await clock.advance('10s');
    expect([lease.held, closing.status()]).to.deep.equal([true, 'pending']);
    expect(await lease.release()).to.equal(true);
    await clock.advance(0);
    expect([closing.status(), database.ownerOf('invoices'), clock.pending]).to.deep.equal(['fulfilled', undefined, 0]);
  });

  it('aborts the signals of those who are still at it when the grace is over, and gives back what they held', async () => {
    const lease = await replica.acquire('invoices');
    const { signal } = lease;
    const closing = close(5_000);
    await clock.advance(4_999);
    expect(signal.aborted).to.equal(false);
    await clock.advance(1);
    expect([(signal.reason as LeaseLostError).reason, lease.held]).to.deep.equal(['closed', false]);
    expect([closing.status(), database.ownerOf('invoices')]).to.deep.equal(['fulfilled', undefined]);
    expect(await lease.release()).to.equal(false);
    expect(replica.session.count('leave')).to.equal(1);
  });

  it('waits for releases that are under way', async () => {
    const lease = await replica.acquire('invoices');
    replica.session.plan('release', answeredAfter(300));
    void lease.release();
    const closing = close(5_000);
    await clock.advance(299);
    expect(closing.status()).to.equal('pending');
    await clock.advance(1);
    expect(closing.status()).to.equal('fulfilled');
  });

  it('waits for an ask that is under way, and gives back what it grants', async () => {
    replica.session.plan('ask', answeredAfter(300));
    const refused = failureOf(replica.acquire('invoices'), LockRegistryClosedError);
    await clock.advance(100);
    const closing = close(5_000);
    await refused;
    await clock.advance(199);
    expect([closing.status(), database.ownerOf('invoices') !== undefined]).to.deep.equal(['pending', true]);
    await clock.advance(1);
    expect([closing.status(), database.ownerOf('invoices')]).to.deep.equal(['fulfilled', undefined]);
  });

  it('lets whoever asked just before have what it is granted, and waits for that one too', async () => {
    replica.session.plan('ask', answeredAfter(300));
    const asked = replica.tryAcquire('invoices');
    await clock.advance(100);
    const closing = close(5_000);
    await clock.advance(200);
    const lease = await asked;
    expect([lease?.held, closing.status()]).to.deep.equal([true, 'pending']);
    await lease?.release();
    await clock.advance(0);
    expect(closing.status()).to.equal('fulfilled');
  });

  it('waits for what is given back in the background, as long as the grace allows', async () => {
    const lease = await replica.acquire('invoices');
    replica.session.plan('release', failed({ outcome: 'not-done', transient: false }));
    replica.session.plan('leave', answeredAfter(300));
    await lease.release();
    const closing = close(5_000);
    await clock.advance(300);
    expect([closing.status(), database.ownerOf('invoices')]).to.deep.equal(['fulfilled', undefined]);
  });

  it('settles in a black hole, at most 100 ms after the grace', async () => {
    await replica.acquire('a');
    const waiting = failureOf(new Replica(database, clock).acquire('a', { wait: '1s' }), Error);
    replica.session.always('all', silent);
    const refused = failureOf(replica.acquire('b'), LockRegistryClosedError);
    const closing = close(2_000);
    await refused;
    await clock.advance(2_100);
    expect(closing.status()).to.equal('fulfilled');
    await waiting;
    await clock.advance('1h');
  });

  it('without a grace takes everything back now', async () => {
    const lease = await replica.acquire('invoices');
    const closing = close(0);
    await clock.advance(0);
    expect([closing.status(), lease.held, database.ownerOf('invoices')]).to.deep.equal(['fulfilled', false, undefined]);
  });

  it('stops listening for hand-overs', async () => {
    let closed = 0;
    replica = new Replica(database, clock, { wakerClosed: () => (closed += 1) });
    await replica.engine.close(0);
    expect(closed).to.equal(1);
  });
});
