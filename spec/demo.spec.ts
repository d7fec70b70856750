import { expect } from 'chai';
import { type Entry, judge } from '../examples/demo/verdict.js';
import { Child } from './support/child.js';

describe('The demo', () => {
  const kill = { worker: 1, atMs: 300 };
  const entry = (worker: number, token: number, enteredMs: number, leftMs: number): Entry => ({
    worker,
    token,
    waitedMs: 10,
    enteredMs,
    leftMs,
  });
  /** Worker 1 is killed in mid-work, and 2 takes over. */
  const history = [entry(1, 11, 0, 100), entry(2, 12, 100, 200), entry(1, 13, 200, 300), entry(2, 14, 350, 400)];
  const judged = (...entries: Entry[]) => judge(entries, [1, 2], kill);

  it('finds no fault where everybody entered after the one before had left, in whatever order they are told of', () => {
    expect(judged(...history.toReversed())).to.deep.equal({ overlaps: [], setbacks: [], takenOverMs: 50, longestWaitMs: 10, faults: [] });
  });

  it('shows the two who were inside at one time', () => {
    const intruder = entry(2, 15, 399, 420);
    expect(judged(...history, intruder).overlaps).to.deep.equal([[history[3], intruder]]);
  });

  it('finds an entry that lies within a longer one, with others between', () => {
    const long = entry(2, 10, -1, 250);
    expect(judged(...history, long).overlaps).to.deep.equal(history.slice(0, 3).map((other) => [long, other]));
  });

  it('shows a token that went back, and one that was handed out twice', () => {
    const [back, again] = [entry(1, 13, 500, 510), entry(2, 13, 520, 530)];
    const { setbacks, faults } = judged(...history, back, again);
    expect(setbacks).to.deep.equal([back, again]);
    expect(faults).to.have.length(2);
  });

  it('does not pass a run that has shown nothing: nobody killed, nobody took over, somebody never entered', () => {
    const [first, second, third] = history as [Entry, Entry, Entry, Entry];
    expect(judge(history, [1, 2], undefined).faults).to.deep.equal(['Nobody was killed in mid-work.']);
    expect(judged(first, second, third).faults).to.deep.equal(['Nobody took the lock over after the kill.']);
    expect(judge(history, [1, 2, 3], kill).faults).to.deep.equal(['Worker 3 never got the lock.']);
    expect(judged(first, second, { ...third, leftMs: 290 }, entry(2, 14, 350, 400)).faults).to.deep.equal([
      'Nobody was killed in mid-work.',
    ]);
  });

  it('ends by itself in under 20 s, with a table and without a fault', async function () {
    this.timeout(25_000);
    this.slow(20_000);
    const startedMs = performance.now();
    const child = Child.start('../../examples/demo/main.ts', [], { env: { DATABASE_URL: '' } });
    expect(await child.exited, child.output).to.deep.equal({ code: 0, signal: null });
    expect(performance.now() - startedMs).to.be.lessThan(20_000);

    const cell = (title: string) => new RegExp(`│ ${title} +│ ([^│]*?) +│`).exec(child.output)?.[1];
    expect(cell('overlaps found')).to.equal('0');
    expect(cell('tokens in order')).to.equal('all');
    expect(Number(cell('entries in all'))).to.be.at.least(8);
    expect(cell('taken over')).to.match(/^\d\.\d\d s after the kill \(ttl 2\.00 s\)$/);
    expect(child.output).to.match(/worker (\d) is killed .* SIGKILL in mid-work[^]*worker (?!\1)\d takes over/);
    expect(child.output.match(/│ killed +│/g)).to.have.length(1);
  });

  it('says in one line what to do where there is no database', async function () {
    this.timeout(20_000);
    const child = Child.start('../../examples/demo/main.ts', [], { env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere' } });
    expect(await child.exited).to.deep.equal({ code: 1, signal: null });
    expect(child.output).to.match(/^The database at DATABASE_URL cannot be used: .*ECONNREFUSED.*\n$/);
  });
});
