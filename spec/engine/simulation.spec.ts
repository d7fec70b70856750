import { expect } from 'chai';
import fc from 'fast-check';
import type { Lease } from '../../lib/engine/lease.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { MemoryDatabase } from '../../lib/testing/memory-database.js';
import {
  answeredAfter,
  answerLost,
  brokenThenCarriedOutAfter,
  carriedOutAfter,
  failed,
  type Fate,
  NOT_DONE,
  REFUSED,
  silent,
} from '../support/memory-session.js';
import { Replica } from '../support/replica.js';

/** One caller: where and when it comes, what it wants, and how long it works. */
interface Visit {
  readonly replica: number;
  readonly name: string;
  readonly afterMs: number;
  readonly workMs: number;
  readonly ttl: number;
  readonly wait: number;
  readonly minHold: number;
  readonly renew: boolean;
  readonly onBusy: 'wait' | 'skip';
  /** Its signal aborts so long after it came; never where that is 0. */
  readonly abortsMs: number;
}

const visits = fc.array(
  fc.record<Visit>({
    replica: fc.nat(2),
    name: fc.constantFrom('a', 'b'),
    afterMs: fc.nat(400),
    workMs: fc.oneof(fc.constant(0), fc.nat(100), fc.nat(3_000)),
    ttl: fc.constantFrom(400, 1_000, 5_000),
    wait: fc.constantFrom(0, 500, 5_000, 60_000),
    minHold: fc.constantFrom(0, 0, 300),
    renew: fc.boolean(),
    onBusy: fc.constantFrom('wait', 'wait', 'skip'),
    abortsMs: fc.constantFrom(0, 0, 1, 50, 700),
  }),
  { minLength: 5, maxLength: 40 },
);

/** What may befall a statement, the ordinary first. */
const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 12, arbitrary: fc.nat(5).map(answeredAfter) },
  { weight: 3, arbitrary: fc.nat(300).map(answeredAfter) },
  { weight: 2, arbitrary: fc.nat(800).map(carriedOutAfter) },
  { weight: 2, arbitrary: fc.constant(answerLost) },
  { weight: 2, arbitrary: fc.nat(1_500).map(brokenThenCarriedOutAfter) },
  { weight: 2, arbitrary: fc.constantFrom(failed(NOT_DONE), failed(REFUSED)) },
  { weight: 1, arbitrary: fc.constant(silent) },
);

/** Three processes, one database, and whatever befalls them. */
class Simulation {
  readonly clock = new ManualClock();
  readonly database = new MemoryDatabase(this.clock);
  readonly replicas = [true, true, false].map(
    (announced, at) => new Replica(this.database, this.clock, { announced, quick: at % 2 === 0, holder: `replica ${at}` }),
  );
  readonly tokens = new Map<string, number[]>();
  readonly #held = new Set<Lease>();
  #unsettled = 0;
  #entered = 0;

  /** Statements meet these fates, one after the other and over again. */
  troubles(fates: readonly Fate[]): void {
    let at = 0;
    for (const { session } of this.replicas) session.always('all', (run, clock) => (fates[at++ % fates.length] ?? answerLost)(run, clock));
  }

  enter({ replica, name, workMs, abortsMs, ttl, wait, minHold, renew, onBusy }: Visit): void {
    this.#unsettled++;
    const controller = new AbortController();
    if (abortsMs > 0) this.clock.after(abortsMs, () => controller.abort(new Error('gone')));
    const visit = this.replicas[replica]?.run(name, (lease) => this.#work(lease, workMs), {
      ttl,
      wait,
      minHold,
      renew,
      onBusy,
      signal: controller.signal,
    });
    visit?.catch(() => undefined).finally(() => this.#unsettled--);
  }

  async #work(lease: Lease, ms: number): Promise<void> {
    this.#entered++;
    this.tokens.set(lease.name, [...(this.tokens.get(lease.name) ?? []), lease.fencingToken]);
    this.#held.add(lease);
    this.refuseTwoHolders();
    await this.clock.sleep(ms);
    this.refuseTwoHolders();
    this.#held.delete(lease);
  }

  refuseTwoHolders(): void {
    const names = [...this.#held].filter(({ held }) => held).map(({ name }) => name);
    expect(new Set(names).size, 'held by two').to.equal(names.length);
  }

  /** All is well again, for as long as the slowest statement and the longest wait take. */
  async heal(): Promise<void> {
    for (const { session } of this.replicas) session.heal();
    await this.clock.advance('3m');
  }

  get left(): object {
    const lines = [...this.database.rows.values()].filter(({ line, lineUntil }) => line.length > 0 && lineUntil > this.database.nowMs);
    const owned = [...this.database.rows.keys()].filter((name) => this.database.ownerOf(name) !== undefined);
    return { unsettled: this.#unsettled, lines: lines.length, owned, timers: this.clock.pending };
  }

  get entered(): number {
    return this.#entered;
  }
}

describe('Whatever befalls three processes and their statements', () => {
  it('nobody shares a lock, tokens rise, everybody gets an answer, and nothing is left behind', async function () {
    this.timeout(30_000);
    let entered = 0;
    await fc.assert(
      fc.asyncProperty(visits, fc.array(fate, { minLength: 1, maxLength: 50 }), async (callers, fates) => {
        const simulation = new Simulation();
        simulation.troubles(fates);
        for (const caller of callers) {
          await simulation.clock.advance(caller.afterMs);
          simulation.refuseTwoHolders();
          simulation.enter(caller);
        }
        await simulation.clock.advance('10s');
        await simulation.heal();
        expect(simulation.left).to.deep.equal({ unsettled: 0, lines: 0, owned: [], timers: 0 });
        for (const tokens of simulation.tokens.values())
          expect(tokens).to.deep.equal([...new Set(tokens)].sort((one, other) => one - other));
        entered += simulation.entered;
      }),
      { numRuns: Number(process.env.SIMULATIONS ?? 20) },
    );
    expect(entered).to.be.above(0);
  });
});
