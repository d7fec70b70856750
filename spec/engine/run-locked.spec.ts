import { expect } from 'chai';
import { LeaseLostError, LockBusyError } from '../../lib/core/errors.js';
import { currentLease } from '../../lib/engine/held-context.js';
import type { Lease } from '../../lib/engine/lease.js';
import { LeaseSet } from '../../lib/engine/lease-set.js';
import { EXECUTION_SKIPPED } from '../../lib/engine/run-locked.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { failed, REFUSED } from '../support/memory-session.js';
import { failureOf, rejection } from '../support/outcome.js';
import { Replica } from '../support/replica.js';

describe('Running under a lock', () => {
  let clock: ManualClock;
  let database: MemoryDatabase;
  let replica: Replica;

  beforeEach(() => {
    clock = new ManualClock();
    database = new MemoryDatabase(clock);
    replica = new Replica(database, clock);
  });

  it('gives the body its lease, resolves with what it returned, and lets go', async () => {
    let held: Lease | undefined;
    const result = await replica.run('invoices', async (lease) => {
      held = lease;
      expect([lease.held, currentLease(), database.ownerOf('invoices') !== undefined]).to.deep.equal([true, lease, true]);
      return 'sent';
    });
    expect([result, held?.held, database.ownerOf('invoices'), currentLease()]).to.deep.equal(['sent', false, undefined, undefined]);
  });

  it('takes a body that returns no promise', async () => {
    expect(await replica.run('invoices', () => 7)).to.equal(7);
  });

  it('rejects with what the body threw, the very same, and lets go', async () => {
    const mistake = new Error('mine');
    const bodies = [
      () => Promise.reject(mistake),
      () => {
        throw mistake;
      },
    ];
    for (const body of bodies) {
      expect(await rejection(replica.run('invoices', body))).to.equal(mistake);
      expect(database.ownerOf('invoices')).to.equal(undefined);
    }
    expect(await rejection(replica.run('invoices', () => Promise.reject(undefined as unknown as Error)))).to.equal(undefined);
  });

  it('does not mind a release that fails: that is an event', async () => {
    replica.session.always('release', failed(REFUSED));
    expect(await replica.run('invoices', () => 'sent')).to.equal('sent');
    const mistake = new Error('mine');
    expect(await rejection(replica.run('other', () => Promise.reject(mistake)))).to.equal(mistake);
    expect(replica.events.of('failed').length).to.be.at.least(2);
    await clock.until(replica.engine.close(0));
  });

  it('leaves it to the body to let go early', async () => {
    expect(await replica.run('invoices', (lease) => lease.release())).to.equal(true);
    expect(replica.session.count('release')).to.equal(1);
  });

  describe('whose lease is lost', () => {
    /** A body that works until its lease is over, and a moment longer. */
    const working = (end: () => unknown, options = {}) => {
      replica.session.always('renew', failed(REFUSED));
      return clock.until(replica.run('invoices', () => clock.sleep(31_000).then(end), options));
    };

    it('rejects with LeaseLostError, and what the body returned is in its result', async () => {
      const error = await failureOf(
        working(() => 'sent'),
        LeaseLostError,
      );
      expect(error).to.include({ lockName: 'invoices', reason: 'unreachable', result: 'sent' });
    });

    it('resolves all the same where a loss is to be ignored', async () => {
      expect(await working(() => 'sent', { onLost: 'ignore' })).to.equal('sent');
    });

    it('rejects with the body’s error where it has one', async () => {
      const mistake = new Error('mine');
      expect(await rejection(working(() => Promise.reject(mistake)))).to.equal(mistake);
    });

    it('aborts the signal on which the body waits, with the same error', async () => {
      replica.session.always('renew', failed(REFUSED));
      const waiting = replica.run('invoices', ({ signal }) => clock.sleep(60_000, signal));
      expect(await clock.until(failureOf(waiting, LeaseLostError))).to.include({ reason: 'unreachable', result: undefined });
    });

    it('although nobody noticed before the release: the row is somebody else’s', async () => {
      const error = await failureOf(
        replica.run('invoices', () => {
          database.row('invoices').owner = 'somebody else';
          return 'sent';
        }),
        LeaseLostError,
      );
      expect(error).to.include({ reason: 'taken', result: 'sent' });
    });

    it('of several, tells which one', async () => {
      const error = await failureOf(
        replica.run(['a', 'b'], () => void database.rows.delete('b')),
        LeaseLostError,
      );
      expect([error.lockName, database.ownerOf('a')]).to.deep.equal(['b', undefined]);
    });
  });

  describe('that is busy', () => {
    beforeEach(() => new Replica(database, clock, { holder: 'host 7' }).acquire('invoices'));

    it('skips the body where it is told so, and says so', async () => {
      let ran = false;
      const result = await replica.run('invoices', () => (ran = true), { onBusy: 'skip' });
      expect([result, ran, replica.events.names]).to.deep.equal([EXECUTION_SKIPPED, false, ['busy', 'skipped']]);
      expect(EXECUTION_SKIPPED).to.equal(Symbol.for('sequelize-distributed-lock.execution-skipped'));
    });

    it('fails where it is told so, with who holds it', async () => {
      const error = await failureOf(
        replica.run('invoices', () => 'ran', { onBusy: 'fail' }),
        LockBusyError,
      );
      expect([error.occupant.holder, replica.events.names]).to.deep.equal(['host 7', ['busy']]);
    });

    it('waits otherwise', async () => {
      const next = replica.run('invoices', () => 'ran');
      await clock.advance('1s');
      database.free('invoices', 3_000);
      await clock.advance('1s');
      expect(await next).to.equal('ran');
    });

    it('names all of several that are skipped together', async () => {
      await replica.run(['invoices', 'other'], () => 'ran', { onBusy: 'skip' });
      expect(replica.events.of('skipped')).to.deep.equal([{ lockName: 'invoices, other' }]);
    });
  });

  describe('inside itself, where that is allowed', () => {
    const reentrant = { reentrant: true } as const;

    it('runs under the outer lease, without a statement', async () => {
      const leases = await replica.run('invoices', (outer) =>
        replica.run('invoices', (inner) => [outer, inner, currentLease()], reentrant),
      );
      const [outer, inner, current] = leases as Lease[];
      expect([inner, current]).to.deep.equal([outer, outer]);
      expect(replica.session.steps).to.deep.equal(['ask', 'release']);
    });

    it('does not let go of the outer lease', async () => {
      await replica.run('invoices', async (outer) => {
        await replica.run('invoices', () => undefined, reentrant);
        expect(outer.held).to.equal(true);
      });
    });

    it('takes only what is missing of several, and gives the body all', async () => {
      await replica.run('a', async (outer) => {
        await replica.run(
          ['a', 'b'],
          (both) => {
            if (!(both instanceof LeaseSet)) throw new Error('no set');
            expect(both.leases.map(({ name }) => name)).to.deep.equal(['a', 'b']);
          },
          reentrant,
        );
        expect([outer.held, database.ownerOf('b')]).to.deep.equal([true, undefined]);
      });
      expect(replica.session.steps).to.deep.equal(['ask', 'ask', 'release', 'release']);
    });

    it('skips only what somebody else holds', async () => {
      const nested = replica.run('a', () => replica.run('a', () => 'ran', { ...reentrant, onBusy: 'skip' }));
      expect(await nested).to.equal('ran');
    });

    it('refuses an empty list all the same', async () => {
      await failureOf(
        replica.run([], () => 'ran', reentrant),
        TypeError,
      );
      await failureOf(
        replica.run('a', () => replica.run([], () => 'ran', reentrant)),
        TypeError,
      );
    });
  });
});
