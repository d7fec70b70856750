import { expect } from 'chai';
import { type Dialect, dialects, LockRegistry } from 'sequelize-distributed-lock';
import { type Case, dialectContract } from 'sequelize-distributed-lock/testing';
import { ContractWorld } from './support/contract-world.js';
import { onDatabase } from './support/databases.js';
import { SideBySide } from './support/side-by-side.js';

type LockStatements = ReturnType<Dialect['statements']>;
type AnyStep = (...args: unknown[]) => unknown;

const MARK = '/* toy */ ';

/** SQL of its own, sent by a driver that takes no other, under a name that nothing in the package has ever heard of. */
function toyDialect(): Dialect {
  const { sqlite } = dialects;
  const driver = sqlite.driver as Dialect['driver'];
  return {
    name: 'toy',
    facts: { ...sqlite.facts, title: 'Toy', clockSource: 'a sundial', limits: [] },
    transactionDefaults: sqlite.transactionDefaults,
    statements: (table) => marked(sqlite.statements(table)),
    driver: {
      ...driver,
      run(connection, statement) {
        if (!statement.text.startsWith(MARK)) throw new Error(`Not of the toy dialect: ${statement.text}`);
        return driver.run(connection, statement);
      },
    },
  };
}

function marked(statements: LockStatements): LockStatements {
  const steps = Object.entries(statements as unknown as Record<string, AnyStep>).map(([name, step]) => [
    name,
    (...args: unknown[]) => {
      const made = step(...args);
      if (typeof made === 'string') return MARK + made;
      const { statement, ...rest } = made as { readonly statement: { readonly text: string } };
      return { ...rest, statement: { ...statement, text: MARK + statement.text } };
    },
  ]);
  // Each member is there that was there before, of the same type.
  return Object.fromEntries(steps) as LockStatements;
}

onDatabase('sqlite', 'A dialect from outside the package', (database) => {
  const cases = dialectContract.filter(({ needs, slow }) => !slow && needs === undefined);
  const all = new SideBySide<Case>(cases, 6, async ({ run }) => {
    const world = new ContractWorld(database());
    try {
      await run({
        dialect: toyDialect(),
        clock: world.clock,
        freshName: () => world.freshName(),
        locks: (options) => world.locks({ dialect: toyDialect(), ...options }),
      });
    } finally {
      await world.close();
    }
  });

  for (const one of cases) it(one.name, () => all.result(one)).timeout(20_000);
  after(() => all.end());

  it('is used as it is: its driver is handed its own statements and no others', async () => {
    const asked: string[] = [];
    const toy = toyDialect();
    const { driver } = toy;
    await using locks = new LockRegistry(database().newSequelize(), {
      dialect: {
        ...toy,
        driver: { ...driver, run: (connection, statement) => (asked.push(statement.text), driver.run(connection, statement)) },
      },
    });
    expect(await (await locks.acquire('mine')).release()).to.equal(true);
    expect(asked).not.to.be.empty;
    expect(asked.filter((text) => !text.startsWith(MARK))).to.deep.equal([]);
  });
});
