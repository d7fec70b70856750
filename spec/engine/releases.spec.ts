import { expect } from 'chai';
import type { LockStatements, Release } from '../../lib/contracts/dialect.js';
import { type Row, type Session, type Statement, StatementError } from '../../lib/contracts/session.js';
import { LockStoreError } from '../../lib/core/errors.js';
import { Releases } from '../../lib/engine/releases.js';
import { Store } from '../../lib/engine/store.js';
import { noRetry } from '../../lib/policies/no-retry.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { memoryStatements } from '../../lib/testing/memory-statements.js';
import { REFUSED, UNKNOWN } from '../support/memory-session.js';
import { failureOf } from '../support/outcome.js';

/** Whose connection is there when the spec says so. */
class SlowSession implements Session {
  readonly listen = undefined;
  readonly written: Statement[] = [];
  readonly #waiting: { readonly write: () => Statement; readonly answer: (rows: Row[]) => void; readonly fail: (error: Error) => void }[] =
    [];

  get waiting(): number {
    return this.#waiting.length;
  }

  run(write: () => Statement): Promise<readonly Row[]> {
    return new Promise((answer, fail) => this.#waiting.push({ write, answer, fail }));
  }

  /** A connection for the statement that waits longest. */
  async serve(answer: unknown): Promise<void> {
    const first = this.#waiting.shift();
    if (!first) throw new Error('Nothing waits for a connection.');
    this.written.push(first.write());
    if (answer instanceof Error) first.fail(answer);
    else first.answer([{ answer }]);
    await new Promise(setImmediate);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('Releases', () => {
  let session: SlowSession;
  let releases: Releases;

  const make = (statements: LockStatements) => {
    session = new SlowSession();
    const clock = new ManualClock();
    releases = new Releases(
      new Store({ session, statements, retry: noRetry(), clock, random: () => 0, prepareTable: () => Promise.resolve() }),
    );
  };
  const releaseAll: LockStatements['releaseAll'] = (all) => ({
    statement: { id: 'releaseAll', text: '', values: [all] },
    read: ([row]) => row?.['answer'] as string[],
  });
  beforeEach(() => make({ ...memoryStatements(), releaseAll }));

  const release = (owner: string): Release => ({ key: `lock of ${owner}`, owner, usedToken: 1, restMs: 0, claimMs: 3_000 });
  const send = (owner: string, timeoutMs = 1_000, alone = false) => releases.send({ ...release(owner), alone }, { timeoutMs });
  const failure = (outcome: typeof UNKNOWN) => new StatementError(outcome, new Error('broken'));
  const written = () => session.written.map(({ id, values: [first] }) => [id, id === 'releaseAll' ? (first as Release[]).length : 1]);

  it('that need not wait go alone', async () => {
    const [first, second] = [send('a'), undefined];
    await session.serve(true);
    expect([await first, second, written()]).to.deep.equal([true, undefined, [['release', 1]]]);
  });

  it('that come up while one waits for its connection go with it', async () => {
    const all = ['a', 'b', 'c'].map((owner) => send(owner));
    expect(session.waiting).to.equal(1);
    await session.serve(['a', 'b', 'c']);
    expect([await Promise.all(all), written()]).to.deep.equal([[true, true, true], [['releaseAll', 3]]]);
  });

  it('do not go with one that is on its way', async () => {
    const first = send('a');
    const serving = session.serve(true);
    const second = send('b');
    await serving;
    await session.serve(true);
    expect([await first, await second, written()]).to.deep.equal([true, true, [['release', 1], ['release', 1]]]); // prettier-ignore
  });

  it('do not go with one of another deadline, nor with more than a hundred', async () => {
    void Promise.all([...Array.from({ length: 101 }, (_, at) => send(`owner ${at}`)), send('in a hurry', 50)]);
    expect(session.waiting).to.equal(3);
    await session.serve([]);
    expect(written()).to.deep.equal([['releaseAll', 100]]);
  });

  it('that the statement for many did not reach are sent alone, and then it is known whose the row was', async () => {
    const all = Promise.all(['a', 'b', 'c'].map((owner) => send(owner)));
    await session.serve(['b']);
    await session.serve(true);
    await session.serve(false);
    expect([await all, written()]).to.deep.equal([[true, true, false], [['releaseAll', 3], ['release', 1], ['release', 1]]]); // prettier-ignore
  });

  it('whose statement was never answered are sent alone: no row means that it had been carried out', async () => {
    const all = Promise.all(['a', 'b'].map((owner) => send(owner)));
    await session.serve(failure(UNKNOWN));
    await session.serve(false);
    await session.serve(true);
    expect(await all).to.deep.equal([true, true]);
  });

  it('whose statement was not carried out are sent alone: no row means that it was somebody else’s', async () => {
    const all = Promise.all(['a', 'b'].map((owner) => send(owner)));
    await session.serve(failure({ outcome: 'not-done', transient: true }));
    await session.serve(false);
    await session.serve(true);
    expect(await all).to.deep.equal([false, true]);
  });

  it('whose statement was refused for good fail, each with an error of its own', async () => {
    const all = ['a', 'b'].map((owner) => failureOf(send(owner), LockStoreError));
    await session.serve(failure(REFUSED));
    const errors = await Promise.all(all);
    expect(errors.map(({ step, outcomeUnknown }) => [step, outcomeUnknown])).to.deep.equal([['release', false], ['release', false]]); // prettier-ignore
    expect(session.waiting).to.equal(0);
  });

  it('all go alone where the dialect has no statement for many', async () => {
    make(memoryStatements());
    const all = Promise.all(['a', 'b'].map((owner) => send(owner)));
    await new Promise(setImmediate);
    expect(session.waiting).to.equal(2);
    await session.serve(true);
    await session.serve(true);
    expect(await all).to.deep.equal([true, true]);
  });

  describe('that nobody was seen to wait for', () => {
    const releaseLone: LockStatements['releaseLone'] = (lone) => ({
      statement: { id: 'releaseLone', text: '', values: [lone] },
      read: ([row]) => row?.['answer'] === true,
    });
    const sendAlone = (owner: string) => send(owner, 1_000, true);

    for (const [title, more] of [
      ['and others together', { releaseAll }],
      ['and others one by one', {}],
    ] as const) {
      describe(title, () => {
        beforeEach(() => make({ ...memoryStatements(), ...more, releaseLone }));

        it('go the quick way', async () => {
          const sent = sendAlone('a');
          await session.serve(true);
          expect([await sent, written()]).to.deep.equal([true, [['releaseLone', 1]]]);
        });

        it('are sent in full where that did not reach the row, and then it is known whose it was', async () => {
          for (const wasOurs of [true, false]) {
            const sent = sendAlone('a');
            await session.serve(false);
            await session.serve(wasOurs);
            expect(await sent).to.equal(wasOurs);
          }
          expect(written().map(([id]) => id)).to.deep.equal(['releaseLone', 'release', 'releaseLone', 'release']);
        });

        it('are sent in full where that was never answered: no row means that it had been carried out', async () => {
          const sent = sendAlone('a');
          await session.serve(failure(UNKNOWN));
          await session.serve(false);
          expect(await sent).to.equal(true);
        });
      });
    }
  });
});
