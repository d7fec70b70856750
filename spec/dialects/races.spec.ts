import { expect } from 'chai';
import { randomInt } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Grant, LockStatements, Step } from '../../lib/contracts/dialect.js';
import { eachDatabase, onDatabase, type TestDatabase } from '../support/databases.js';
import { claimOf, freshName, freshOwner, LockTable, MINUTE, releaseOf } from './lock-table.js';

const CONNECTIONS = 8;
const RUN_MS = 1_000;

eachDatabase('Statements that race', races);

onDatabase('sqlite', 'Statements that race in a WAL file', (database) => {
  before(() => database().newSequelize().query('PRAGMA journal_mode = WAL'));
  races(database);
});

// The library sets what it needs on its own connections, whatever the database prefers.
for (const level of ['repeatable read', 'serializable']) {
  onDatabase('postgres', `Statements that race where ${level} is the default`, (database) => {
    before(() =>
      database().newSequelize().query(`DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = ''${level}''', current_database());
      END $$`),
    );
    races(database);
  });
}

function races(database: () => TestDatabase): void {
  let tables: LockTable[];
  let name: string;

  before(async () => {
    tables = Array.from({ length: CONNECTIONS }, () => new LockTable(database()));
    for (const table of tables) await table.runPatiently(table.statements.create());
  });
  beforeEach(() => (name = freshName()));
  after(() => Promise.all(tables.map((table) => table.close())));

  /** Every connection takes turns on its own until the time is over. */
  const race = (turn: (client: Client) => Promise<void>) => {
    const until = performance.now() + RUN_MS;
    const run = async (table: LockTable, index: number) => {
      while (performance.now() < until) await turn(new Client(table, index));
    };
    return Promise.all(tables.map(run));
  };

  it('never grant a lock twice at a time while connections ask and release, and their tokens rise', async () => {
    const watch = new Watch();
    await race(async (client) => {
      const answer = await client.run('ask', claimOf(name, { owner: client.owner }));
      if (answer.kind === 'granted') await client.work(name, answer.grant, watch);
    });
    expect(watch.tokens.length).to.be.above(2);
  });

  it('never do so while connections stand in line, are handed the lock, and give up in between', async () => {
    const watch = new Watch();
    await race(async (client) => {
      const grant = await client.wait(name);
      if (grant) await client.work(name, grant, watch);
      else await client.run('leave', releaseOf(name, client.owner));
    });
    const [table] = tables;
    expect(watch.tokens.length).to.be.above(2);
    expect(await table?.row(name)).to.include({ owner: null, line: '' });
  });

  it('prune a row and take it at the same time, and no two take it', async () => {
    const [pruner, ...askers] = tables as [LockTable, ...LockTable[]];
    for (let round = 0; round < 20; round++) {
      const fresh = freshName();
      const { owner, token } = await pruner.hold(fresh);
      await pruner.release(fresh, owner, { usedToken: token });
      await pruner.age(fresh);
      const pruning = pruner.runPatiently(pruner.statements.prune(MINUTE / 2));
      const answers = await Promise.all(askers.map((table) => table.runPatiently(table.statements.ask(claimOf(fresh)))));
      await pruning;
      const tokens = answers.flatMap((answer) => (answer.kind === 'granted' ? answer.grant.token : []));
      expect(tokens).to.have.length.below(2);
      if (tokens[0] === undefined) await pruner.hold(fresh);
      else
        expect(tokens[0])
          .to.equal((await pruner.row(fresh))?.token)
          .and.above(token);
    }
  });

  it('never hand a token out twice, nor an older one later, while leases expire unreleased', async () => {
    const grants: Grant[] = [];
    await race(async (client) => {
      const claim = claimOf(name, { owner: client.owner, ttlMs: 2, claimMs: 1 });
      const answer = randomInt(50) === 0 ? await client.run('join', { ...claim, waitMs: 2 }) : await client.run('ask', claim);
      if (answer.kind === 'granted') grants.push(answer.grant);
      if (randomInt(10) === 0) await client.run('advance', name, 1);
    });
    const inOrder = grants.toSorted((one, other) => one.token - other.token);
    expect(new Set(grants.map(({ token }) => token)).size)
      .to.equal(grants.length)
      .and.above(2);
    expect(inOrder.map(({ acquiredAt }) => acquiredAt)).to.deep.equal(
      grants.map(({ acquiredAt }) => acquiredAt).sort((one, other) => one - other),
    );
  });

  it('grant a name that was never used to exactly one of those who ask first', async () => {
    for (let round = 0; round < 20; round++) {
      const fresh = freshName();
      const answers = await Promise.all(tables.map((table) => table.runPatiently(table.statements.ask(claimOf(fresh)))));
      expect(answers.filter(({ kind }) => kind === 'granted')).to.have.length(1);
    }
  });

  it('give one ask one token, however many copies of it arrive at once', async () => {
    for (let round = 0; round < 20; round++) {
      const claim = claimOf(freshName());
      const answers = await Promise.all(tables.map((table) => table.runPatiently(table.statements.ask(claim))));
      const tokens = answers.flatMap((answer) => (answer.kind === 'granted' ? answer.grant.token : []));
      expect(new Set(tokens).size).to.equal(1);
    }
  });

  it('let every waiter in, once, in the order of the line', async () => {
    const [first, ...others] = tables;
    const { owner, token } = await (first as LockTable).hold(name);
    const line: string[] = [];
    for (const table of others) line.push(await table.stand(name));
    const entered: string[] = [];
    const enter = async (table: LockTable, index: number) => {
      const client = new Client(table, index, line[index]);
      const grant = await client.claimed(name);
      entered.push(client.owner);
      await client.run('release', releaseOf(name, client.owner, { usedToken: grant?.token ?? 0 }));
    };
    const all = Promise.all(others.map(enter));
    await first?.runPatiently(first.statements.release(releaseOf(name, owner, { usedToken: token })));
    await all;
    expect(entered).to.deep.equal(line);
  });

  it('renew and take at the same time without a lease that two believe in', async () => {
    for (let round = 0; round < 20; round++) {
      const fresh = freshName();
      const [holder, ...askers] = tables as [LockTable, ...LockTable[]];
      const { owner } = await holder.hold(fresh);
      await holder.age(fresh);
      const renewing = holder.runPatiently(holder.statements.renew([{ key: fresh, owner, ttlMs: MINUTE, token: 0 }]));
      const asking = Promise.all(askers.map((table) => table.runPatiently(table.statements.ask(claimOf(fresh)))));
      const [[renewed], asked] = await Promise.all([renewing, asking]);
      const believers = asked.filter(({ kind }) => kind === 'granted').length + (renewed?.kind === 'renewed' ? 1 : 0);
      expect(believers).to.equal(1);
    }
  });
}

/** One stand of one connection: an owner id that is never used again. */
class Client {
  constructor(
    readonly table: LockTable,
    readonly index: number,
    readonly owner = freshOwner(),
  ) {}

  run<Name extends keyof Steps>(statement: Name, ...args: Parameters<Steps[Name]>) {
    const make = this.table.statements[statement] as (...args: unknown[]) => Step<AnswerOf<Name>>;
    return this.table.runPatiently(make(...args));
  }

  /** Stands in line until it is let in, or has had enough. */
  async wait(name: string): Promise<Grant | undefined> {
    const answer = await this.run('join', { ...claimOf(name, { owner: this.owner }), waitMs: MINUTE });
    if (answer.kind === 'granted') return answer.grant;
    return answer.kind === 'waiting' ? this.claimed(name, randomInt(40)) : undefined;
  }

  async claimed(name: string, looks = Infinity): Promise<Grant | undefined> {
    for (; looks > 0; looks--) {
      const [view] = await this.run('look', [{ key: name, owner: this.owner }]);
      if (view?.place === 'gone') throw new Error('It was in line, and nobody but itself could take it out.');
      if (view?.place === 'mine') return this.run('confirm', claimOf(name, { owner: this.owner }));
    }
    return undefined;
  }

  /** Is inside for a turn of the event loop, and lets go. */
  async work(name: string, { token }: Grant, watch: Watch): Promise<void> {
    watch.enter(token);
    await setImmediate();
    watch.leave();
    await this.run('release', releaseOf(name, this.owner, { usedToken: token }));
  }
}

type Steps = Required<Omit<LockStatements, 'createSql'>>;
type AnswerOf<Name extends keyof Steps> = ReturnType<Steps[Name]> extends Step<infer Answer> ? Answer : never;

/** Sees who is inside, and with which token. */
class Watch {
  readonly tokens: number[] = [];
  #inside = false;

  enter(token: number): void {
    if (this.#inside) throw new Error('Two are inside.');
    if (token <= (this.tokens.at(-1) ?? 0)) throw new Error(`Token ${token} comes after ${this.tokens.at(-1)}.`);
    this.#inside = true;
    this.tokens.push(token);
  }

  leave(): void {
    this.#inside = false;
  }
}
