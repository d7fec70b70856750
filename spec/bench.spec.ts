import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Child } from './support/child.js';
import { PgServer } from './support/pg-server.js';
import { unavailable } from './support/requirements.js';

/** The part of `--json` that somebody may build on. */
interface Report {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly scenarios: readonly {
    readonly name: string;
    readonly noise: { readonly stolen: number; readonly pauseMs: number };
    readonly contenders: Readonly<Record<string, { rounds: { figures: Record<string, number> }[]; summary: Record<string, number> }>>;
    readonly requirements: readonly { text: string; figure: number; atMost?: number; atLeast?: number; reached: boolean }[];
  }[];
}

describe('The bench', () => {
  let folder = '';

  before(async function () {
    this.timeout(60_000); // makes a server of its own
    folder = await mkdtemp(join(tmpdir(), 'locks-bench-spec-'));
    const server = await PgServer.create().catch((error: unknown) => unavailable(this, 'postgres', String(error)));
    await server.remove();
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('runs a scenario with every contender, and writes down each round and what was to be reached', async function () {
    this.timeout(120_000); // five contenders, each in a process of its own
    const file = join(folder, 'report.json');
    const bench = Child.start(new URL('bench/main.ts', import.meta.url), [
      '--quick',
      '--only',
      'free-lock',
      '--rounds',
      '2',
      '--json',
      file,
    ]);
    expect(await bench.exited, bench.output).to.deep.equal({ code: 0, signal: null });

    const { machine, scenarios } = JSON.parse(await readFile(file, 'utf8')) as Report;
    expect(machine).to.include.keys('cpu', 'node', 'server', 'before');
    expect(scenarios.map(({ name }) => name)).to.deep.equal(['free-lock']);
    expect(scenarios[0]?.noise.pauseMs).to.be.above(0);
    const { contenders, requirements } = scenarios[0] ?? { contenders: {}, requirements: [] };
    expect(contenders).to.have.all.keys('library', 'library-durable', 'raw', 'verrou', 'advisory-lock');
    for (const { rounds, summary } of Object.values(contenders)) {
      expect(rounds).to.have.length(2);
      for (const figures of [...rounds.map((round) => round.figures), summary]) {
        expect(figures.p50Ms).to.be.above(0);
        expect(figures.statementsPerPair).to.be.above(0);
      }
    }
    expect(requirements).to.have.length(3);
    for (const { figure, atMost = 0, reached } of requirements) expect(reached).to.equal(figure <= atMost);
    expect(bench.output)
      .to.include('two raw statements')
      .and.to.match(/REACHED|reached/);
  });

  it('refuses a scenario that is not there', async function () {
    this.timeout(20_000);
    const bench = Child.start(new URL('bench/main.ts', import.meta.url), ['--only', 'nonsense']);
    expect((await bench.exited).code).to.equal(1);
    expect(bench.output).to.include('There is no scenario "nonsense"');
  });
});
