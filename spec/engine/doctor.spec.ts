import { expect } from 'chai';
import { LockRegistryClosedError, LockStoreError } from '../../lib/core/errors.js';
import { clockFindings, tableFindings } from '../../lib/engine/doctor.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { answeredAfter, failed, REFUSED, silent } from '../support/memory-session.js';
import { failureOf } from '../support/outcome.js';
import { Replica } from '../support/replica.js';

const table = { table: 'distributed_lock' };

describe('An examination', () => {
  let clock: ManualClock;
  let database: MemoryDatabase;
  let replica: Replica;

  beforeEach(() => {
    clock = new ManualClock();
    database = new MemoryDatabase(clock);
    replica = new Replica(database, clock);
  });

  const codes = async () => (await clock.until(replica.engine.doctor(table, true))).map(({ code }) => code);
  const sent = () => replica.session.sent.map(({ step }) => step);

  it('sends a notification and one statement, and neither looks for the table nor makes it', async () => {
    database.hasTable = false;
    expect(await codes()).to.include('TABLE_MISSING');
    expect([sent(), database.hasTable]).to.deep.equal([['notify', 'examine'], false]);
  });

  for (const [what, expected, spoil] of [
    ['heard', true, () => undefined],
    ['lost', false, () => replica.session.plan('notify', async () => [])],
    ['refused', undefined, () => replica.session.plan('notify', failed(REFUSED))],
  ] as const) {
    it(`tells the dialect that the notification was ${what}`, async () => {
      spoil();
      await codes();
      expect(replica.session.last('examine').args).to.deep.equal([expected]);
    });
  }

  it('leaves neither a listener nor a timer', async () => {
    replica.session.plan('notify', async () => []);
    await codes();
    expect([database.listeners.size, clock.pending]).to.deep.equal([0, 0]);
  });

  it('fails where the database does not answer', async () => {
    replica.session.always('examine', failed(REFUSED));
    expect(await failureOf(replica.engine.doctor(table, true), LockStoreError)).to.include({ step: 'examine', lockName: undefined });
    replica.session.always('all', silent);
    await failureOf(clock.until(replica.engine.doctor(table, true)), LockStoreError);
  });

  it('is refused by a registry that is closed', async () => {
    await replica.engine.close(0);
    await failureOf(replica.engine.doctor(table, true), LockRegistryClosedError);
    expect(sent()).to.deep.equal([]);
  });

  it('does not take a slow answer for another time', async () => {
    const now = clock.now().wallMs;
    database.jump(now - database.nowMs);
    replica.session.always('examine', answeredAfter(4_000));
    expect(await codes()).to.deep.equal([]);
  });
});

describe('Clocks', () => {
  const at = (wallMs: number) => ({ wallMs, monotonicMs: 0 });
  const said = (now: number) => clockFindings(now, at(1_000), at(1_500), 300).map(({ what }) => what.replace(/ the database.*/, ''));

  it('agree while the answer’s time may lie within the margin around sending and arriving', () => {
    for (const now of [700, 1_000, 1_250, 1_500, 1_800]) expect(said(now)).to.deep.equal([]);
  });

  it('differ by as much as is certain', () => {
    expect(said(699)).to.deep.equal(['The clock of this process is at least 301 ms ahead of']);
    expect(said(1_801)).to.deep.equal(['The clock of this process is at least 301 ms behind']);
  });
});

describe('A table', () => {
  const intended = { columns: { name: 'text', owner: 'text' }, keys: [['name'], ['name', 'owner']] };
  const said = (columns: Record<string, string>, keys: string[][]) =>
    tableFindings('locks', { table: { columns, keys }, intended }, true).map(({ code, what }) => [code, what]);

  it('is the same whatever the order of its columns, and whatever other keys it has', () => {
    expect(said({ owner: 'text', name: 'text' }, [['owner', 'name'], ['owner'], ['name']])).to.deep.equal([]);
  });

  it('differs by all that is missing or another, in one finding; what it has besides is another one', () => {
    expect(said({ name: 'bytea', note: 'text' }, [['name']])).to.deep.equal([
      [
        'TABLE_DIFFERS',
        'The table "locks" is not as this version makes it: column name is bytea, not text; no column owner text; no unique key over (name, owner).',
      ],
      ['TABLE_HAS_MORE', 'The table "locks" has columns that this version does not know: note. Lock statements leave them alone.'],
    ]);
  });
});
