import { expect } from 'chai';
import type { WakerContext } from '../../lib/contracts/waker.js';
import { OWNER_ID_LENGTH } from '../../lib/contracts/line.js';
import { assemble } from '../../lib/engine/engine-parts.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import { Replica } from '../support/replica.js';

describe('The parts of an engine', () => {
  let database: MemoryDatabase;
  let replica: Replica;
  let context: WakerContext;

  const assembled = (listens: boolean) => {
    const ignore = () => undefined;
    const waker = { listens, reliable: false, start: ignore, stop: ignore, doubt: ignore, close: ignore };
    return assemble({ ...replica.settings, waker: (given) => ((context = given), waker) });
  };

  beforeEach(() => {
    const clock = new ManualClock();
    database = new MemoryDatabase(clock);
    replica = new Replica(database, clock);
  });

  it('send nothing when they are put together', () => {
    assembled(true);
    expect(replica.session.sent).to.deep.equal([]);
  });

  it('name their owners so that whoever listens for them is reached', async () => {
    const { ids } = assembled(true);
    const heard: string[] = [];
    await context.listen?.(
      (payload) => heard.push(payload),
      () => undefined,
    );
    await context.notify('test 1');
    database.notify(ids.next().slice(0, OWNER_ID_LENGTH / 2), 'a hand-over');
    expect([ids.registry, heard]).to.deep.equal([context.registry, ['test 1', 'a hand-over']]);
  });

  it('name their owners differently where nobody listens', () => {
    const { ids } = assembled(false);
    expect([ids.registry === context.registry, ids.registry[0]]).to.deep.equal([false, 'p']);
  });

  it('tell that notifications are not to be had, and nothing when they are', () => {
    assembled(true);
    const why = new Error('a pooler');
    context.changed(true);
    context.changed(false, why);
    expect(replica.events.of('failed')).to.deep.equal([{ lockName: undefined, step: 'listen', error: why }]);
  });
});
