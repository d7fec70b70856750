import { expect } from 'chai';
import { ConnectionPool } from '../../lib/adapters/connection-pool.js';
import type { Driver } from '../../lib/contracts/driver.js';
import type { StatementError } from '../../lib/contracts/session.js';
import { type Row, type Statement } from '../../lib/contracts/session.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';

/** A connection that answers when told. */
interface FakeConnection {
  readonly number: number;
  destroyed: boolean;
  broken: () => void;
}

/** A server whose answers are given by the spec, in the order in which they were asked for. */
class FakeServer {
  readonly connections: FakeConnection[] = [];
  readonly asked: { readonly id: string; readonly on: number; answer: (rows?: Row[]) => void; fail: (error: unknown) => void }[] = [];
  silent = false;
  opening: Promise<void> | undefined;
  prepared = 0;

  readonly source = {
    open: async () => {
      await (this.silent ? new Promise<never>(() => undefined) : this.opening);
      return this.#connection();
    },
    close: (connection: unknown) => Promise.resolve(void ((connection as FakeConnection).destroyed = true)),
  };

  readonly driver: Driver<FakeConnection> = {
    prepare: (connection) => (this.prepared++, Promise.resolve(connection)),
    run: (connection, { id }: Statement) =>
      new Promise((resolve, reject) => {
        this.asked.push({ id, on: connection.number, answer: (rows = []) => resolve(rows), fail: reject });
      }),
    destroy: (connection) => void (connection.destroyed = true),
    onBroken: (connection, fn) => void (connection.broken = fn),
    keepAlive: () => undefined,
    classify: (_error, sent) => ({ outcome: sent ? 'unknown' : 'not-done', transient: true }),
  };

  #connection(): FakeConnection {
    const connection: FakeConnection = { number: this.connections.length + 1, destroyed: false, broken: () => undefined };
    this.connections.push(connection);
    return connection;
  }
}

const statement = (id: string) => (): Statement => ({ id, text: '', values: [] });
const failed = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => (error as StatementError).failure,
  );

describe('The registry’s own connections', () => {
  let clock: ManualClock;
  let server: FakeServer;
  const pool = (max = 1) => new ConnectionPool(server.source, server.driver, clock, { max, idleMs: 10_000 });
  const settle = () => clock.advance(0);

  beforeEach(() => {
    clock = new ManualClock();
    server = new FakeServer();
  });

  it('are opened on demand, and used again', async () => {
    const connections = pool(2);
    for (const id of ['one', 'two']) {
      const rows = connections.run(statement(id), 1_000);
      await settle();
      server.asked.at(-1)?.answer();
      await rows;
    }

    expect(server.connections).to.have.length(1);
  });

  it('are never more than allowed: who comes later waits, first come, first served', async () => {
    const connections = pool(1);
    const all = ['one', 'two', 'three'].map((id) => connections.run(statement(id), 1_000));
    for (const at of [0, 1, 2]) {
      await settle();
      server.asked[at]?.answer();
    }
    await Promise.all(all);

    expect(server.asked.map(({ id }) => id)).to.deep.equal(['one', 'two', 'three']);
    expect(server.connections).to.have.length(1);
  });

  it('serve what a lease depends on before everything else', async () => {
    const connections = pool(1);
    const all = [connections.run(statement('busy'), 1_000)];
    await settle();
    for (const id of ['ask', 'another ask']) all.push(connections.run(statement(id), 1_000));
    all.push(connections.run(statement('renewal'), 1_000, true));
    for (const at of [0, 1, 2, 3]) {
      await settle();
      server.asked[at]?.answer();
    }
    await Promise.all(all);

    expect(server.asked.map(({ id }) => id)).to.deep.equal(['busy', 'renewal', 'ask', 'another ask']);
  });

  it('are given up when an answer does not come in time, and the statement’s outcome is unknown', async () => {
    const connections = pool(1);
    const failure = failed(connections.run(statement('silent'), 500));
    await settle();
    await clock.advance(500);

    expect(await failure).to.deep.equal({ outcome: 'unknown', transient: true });
    expect(server.connections[0]?.destroyed).to.equal(true);

    const next = connections.run(statement('next'), 500);
    await settle();
    server.asked.at(-1)?.answer();
    await next;
    expect(server.asked.at(-1)?.on).to.equal(2);
  });

  it('do not keep a caller waiting for one past its deadline, and nothing was sent then', async () => {
    server.silent = true;
    const failure = failed(pool().run(statement('no way'), 500));
    await settle();
    await clock.advance(500);

    expect(await failure).to.deep.equal({ outcome: 'not-done', transient: true });
    expect(server.asked).to.have.length(0);
  });

  it('go on being opened when the statement that needed one has given up, and serve the next', async () => {
    const connections = pool();
    server.opening = clock.sleep(600);
    const first = failed(connections.run(statement('one'), 150));
    await clock.advance(150);
    expect(await first).to.deep.equal({ outcome: 'not-done', transient: true });
    const second = failed(connections.run(statement('two'), 150));
    await clock.advance(150);
    expect(await second).to.deep.equal({ outcome: 'not-done', transient: true });

    await clock.advance(300);
    const third = connections.run(statement('three'), 150);
    await settle();
    server.asked.at(-1)?.answer();
    await third;
    expect(server.connections).to.have.length(1);
    expect(server.asked.map(({ id }) => id)).to.deep.equal(['three']);
  });

  it('are not given statements for whose answer no time is left', async () => {
    const connections = pool();
    server.opening = clock.sleep(148);
    const late = failed(connections.run(statement('late'), 150));
    const next = connections.run(statement('next'), 1_000);
    await clock.advance(148);
    expect(await late).to.deep.equal({ outcome: 'not-done', transient: true });
    server.asked.at(-1)?.answer();
    await next;
    expect([server.asked.map(({ id }) => id), server.connections.length]).to.deep.equal([['next'], 1]);
  });

  it('are closed where they come too late for anybody, and nothing is sent on them', async () => {
    const connections = pool();
    server.opening = clock.sleep(1_600);
    const first = failed(connections.run(statement('one'), 150));
    await clock.advance(1_600);
    expect(await first).to.deep.equal({ outcome: 'not-done', transient: true });
    expect(server.connections.map(({ destroyed }) => destroyed)).to.deep.equal([true]);
    expect([server.prepared, server.asked]).to.deep.equal([0, []]);
  });

  it('are not opened for ever: where no greeting comes there is soon another try', async () => {
    const connections = pool();
    server.silent = true;
    const first = failed(connections.run(statement('one'), 150));
    await clock.advance(1_500);
    expect(await first).to.deep.equal({ outcome: 'not-done', transient: true });
    server.silent = false;
    const next = connections.run(statement('two'), 150);
    await settle();
    server.asked.at(-1)?.answer();
    await next;
    expect(server.connections).to.have.length(1);
  });

  it('are replaced when they break while idle', async () => {
    const connections = pool(1);
    const first = connections.run(statement('one'), 1_000);
    await settle();
    server.asked[0]?.answer();
    await first;
    server.connections[0]?.broken();
    const second = connections.run(statement('two'), 1_000);
    await settle();
    server.asked[1]?.answer();
    await second;

    expect(server.asked[1]?.on).to.equal(2);
  });

  it('are closed when they were idle for long', async () => {
    const connections = pool(1);
    const rows = connections.run(statement('one'), 1_000);
    await settle();
    server.asked[0]?.answer();
    await rows;
    await clock.advance(10_000);

    expect(server.connections[0]?.destroyed).to.equal(true);
  });

  it('are closed with the pool, which refuses what comes later', async () => {
    const connections = pool(1);
    const rows = connections.run(statement('one'), 1_000);
    await settle();
    server.asked[0]?.answer();
    await rows;
    await connections.close(100);

    expect(server.connections[0]?.destroyed).to.equal(true);
    expect(await failed(connections.run(statement('late'), 1_000))).to.deep.equal({ outcome: 'not-done', transient: false });
  });

  it('do not hold up the closing of the pool where the server is silent, and do not outlive it', async () => {
    const connections = pool(1);
    const failure = failed(connections.run(statement('silent'), 5_000));
    await settle();
    const closing = connections.close(100);
    await clock.advance(100);
    await closing;

    expect(await failure).to.deep.equal({ outcome: 'unknown', transient: true });
    expect([server.connections[0]?.destroyed, clock.pending]).to.deep.equal([true, 0]);
  });
});
