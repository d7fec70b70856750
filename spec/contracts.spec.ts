import { expect } from 'chai';
import pg from 'pg';
import * as dialects from '../lib/dialects/index.js';
import { atMost, LockRegistry, type PollingPolicy, type RetryPolicy, within } from '../lib/index.js';
import * as policies from '../lib/policies/index.js';
import { type Case, dialectContract, pollingContract, retryContract } from '../lib/testing/index.js';
import { freshName, inWorld } from './support/contract-world.js';
import { type DialectName, onDatabase, type TestDatabase } from './support/databases.js';
import { SideBySide } from './support/side-by-side.js';
import { callStyles, type Place } from './wrappers/call-styles.js';
import { wrapperContract } from './wrappers/wrapper-contract.js';

/** Cases that mostly wait, so many at once: more would be too busy to be in time. */
const WIDTH = 6;

for (const dialect of Object.keys(dialects) as DialectName[]) {
  onDatabase(dialect, `The contract of a lock (${dialect})`, (database) => {
    const cases = dialectContract.filter(({ needs }) => needs === undefined || dialects[dialect].facts[needs]);
    const quick = new SideBySide<Case>(
      cases.filter(({ slow }) => !slow),
      WIDTH,
      ({ run }) => inWorld(database(), run),
    );

    for (const one of cases) {
      it(one.name, async function () {
        this.timeout(one.slow ? 60_000 : 20_000); // for a machine that is busy with other things
        if (!one.slow) return quick.result(one);
        await quick.end();
        await inWorld(database(), one.run);
      });
    }

    after(() => quick.end());
  });

  onDatabase(dialect, `A function under a lock (${dialect})`, (database) => wrappersOn(dialect, database));
}

function wrappersOn(here: DialectName, database: () => TestDatabase): void {
  let place: Omit<Place, 'name' | 'skip'>;
  let others: LockRegistry;

  before(() => {
    const application = database().newSequelize({ pool: { max: 1 } });
    place = { application, locks: new LockRegistry(application), pool: new pg.Pool({ connectionString: database().url }) };
    others = new LockRegistry(application, { polling: () => 10 });
  });
  after(() => Promise.all([place.locks.close(), others.close(), place.pool.end()]));

  for (const { title, replaces, skipped, wrap } of callStyles.filter(({ dialect = here }) => dialect === here)) {
    describe(`by ${title}`, () => {
      for (const { name: behaviour, replacing = false, run } of wrapperContract) {
        if (replacing && !replaces) continue;
        it(behaviour, async () => {
          const name = freshName();
          await run({
            wrap: (work) => wrap(work, { ...place, name, skip: false }),
            skipping: (work) => wrap(work, { ...place, name, skip: true }),
            skipped,
            others,
            name,
          });
        });
      }
    });
  }
}

describe('The contract of a policy', () => {
  const exported = Object.entries(policies);

  it('is kept by everything that lib/policies exports, which is a polling policy or a retry policy by its name', () => {
    expect(exported.map(([name]) => name).filter((name) => !/(Polling|Retry)$/.test(name))).to.deep.equal([]);
  });

  // Each is made without arguments, with the ceiling that it then promises.
  const polling: [string, () => PollingPolicy, ceilingMs: number][] = [
    ...exported
      .filter(([name]) => name.endsWith('Polling'))
      .map(([name, make]): [string, () => PollingPolicy, number] => [name, make as () => PollingPolicy, 1_000]),
    ['atMost', () => atMost(3, policies.fixedPolling()), 1_000],
    ['within', () => within('1s', policies.exponentialPolling()), 1_000],
  ];
  for (const [name, make, ceilingMs] of polling) {
    describe(name, () => {
      for (const { name: behaviour, run } of pollingContract) it(behaviour, () => run(make, { ceilingMs }));
    });
  }

  for (const [name, make] of exported.filter(([retry]) => retry.endsWith('Retry'))) {
    describe(name, () => {
      for (const { name: behaviour, run } of retryContract) it(behaviour, () => run(make as () => RetryPolicy, { ceilingMs: 1_000 }));
    });
  }
});
