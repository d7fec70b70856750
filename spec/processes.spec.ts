import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockRegistry } from '../lib/index.js';
import type { Task, Told } from './processes/worker.js';
import { Child } from './support/child.js';
import { Compiled } from './support/compiled.js';
import { freshName } from './support/contract-world.js';
import { eachDatabase } from './support/databases.js';

const source = new URL('processes/worker.ts', import.meta.url);

/** Locks between processes that share nothing but the database. */
eachDatabase('Several processes', (database) => {
  let compiled: Compiled;
  let worker: URL;
  let name: string;
  let locks: LockRegistry;

  before(function () {
    this.timeout(60_000);
    compiled = new Compiled();
    worker = compiled.program(source);
  });
  after(() => compiled.remove());
  beforeEach(() => {
    name = freshName();
    locks = new LockRegistry(database().newSequelize());
  });
  afterEach(() => locks.close({ grace: 0 }));

  /** So many replicas, ready to begin. */
  const replicas = async (count: number): Promise<Child[]> => {
    const started = Array.from({ length: count }, () => Child.start(worker, [database().url]));
    await Promise.all(started.map((replica) => replica.next()));
    return started;
  };
  const tell = (replica: Child, task: Task): Promise<Told> => {
    replica.send(task);
    return replica.next<Told>();
  };

  // The first spec of a database, because it must be empty.
  it('make the table and take their first lock at once: one gets it, and nothing is an error anywhere', async function () {
    this.timeout(60_000);
    const started = await replicas(20);
    const told = await Promise.all(started.map((replica) => tell(replica, { do: 'try', name })));
    expect(told.map(({ error }) => error).filter(Boolean)).to.deep.equal([]);
    expect(told.filter(({ won }) => won)).to.have.length(1);
    expect(
      database()
        .logLines()
        ?.filter((line) => line.includes('ERROR')) ?? [],
    ).to.deep.equal([]);
  });

  it('count exactly under a lock, handing it to and fro, and not without it', async function () {
    this.timeout(60_000);
    const folder = await mkdtemp(join(tmpdir(), 'locks-count-'));
    const count = async (locked: boolean): Promise<number[]> => {
      const file = join(folder, String(locked));
      writeFileSync(file, '0 0 0');
      const started = await replicas(4);
      const told = await Promise.all(started.map((replica) => tell(replica, { do: 'count', name, file, times: 100, locked })));
      expect(told.map(({ error }) => error).filter(Boolean)).to.deep.equal([]);
      return readFileSync(file, 'utf8').split(' ').map(Number);
    };
    const [[exact, changes], [lost]] = [await count(true), await count(false)];
    await rm(folder, { recursive: true });
    expect(exact).to.equal(400);
    expect(changes).to.be.above(6);
    expect(lost).to.be.below(400);
  });

  it('exclude each other until the one that holds the lock lets go', async function () {
    this.timeout(20_000);
    const [holder] = await replicas(1);
    if (!holder) throw new Error('no replica');
    const { token } = await tell(holder, { do: 'hold', name, ttl: 30_000 });
    expect(await locks.tryAcquire(name)).to.equal(undefined);
    expect((await locks.inspect(name))?.holder).to.contain(`:${holder.pid} `);
    const acquiring = locks.acquire(name, { wait: '10s' });
    holder.send('release');
    expect((await acquiring).fencingToken).to.be.above(token ?? NaN);
    expect(await holder.exited).to.deep.equal({ code: 0, signal: null });
  });

  it('take over from one that was killed in the middle of its work, when its lease is over and not before', async function () {
    this.timeout(20_000);
    const [holder] = await replicas(1);
    if (!holder) throw new Error('no replica');
    await tell(holder, { do: 'hold', name, ttl: 1_000 });
    const acquiring = locks.acquire(name, { wait: '10s' });
    await new Promise((resolve) => setTimeout(resolve, 500)); // it has renewed at least once
    const seen = await locks.inspect(name);
    const killedAt = Date.now();
    holder.kill('SIGKILL');
    const next = await acquiring;
    expect(next.acquiredAt.getTime()).to.be.at.least(seen?.expiresAt.getTime() ?? NaN);
    expect(next.acquiredAt.getTime() - killedAt).to.be.below(1_000 + 1_500);
  });

  it('let a holder finish and free its lock when a signal ends them, by that signal, and by no other lock sooner', async function () {
    this.timeout(20_000);
    const [replica] = await replicas(1);
    if (!replica) throw new Error('no replica');
    await tell(replica, { do: 'work', name });
    replica.kill('SIGTERM');
    expect(await replica.next()).to.deep.equal({ finished: true });
    expect(await replica.exited).to.deep.equal({ code: null, signal: 'SIGTERM' });
    expect((await locks.tryAcquire(name))?.held).to.equal(true);
  });

  for (const release of [true, false]) {
    it(`end by themselves when they have nothing left to do, ${release ? 'with idle connections' : 'with a lease that is being renewed'}`, async function () {
      this.timeout(20_000);
      const [replica] = await replicas(1);
      if (!replica) throw new Error('no replica');
      await tell(replica, { do: 'leave', name, release });
      const told = Date.now();
      expect(await replica.exited).to.deep.equal({ code: 0, signal: null });
      expect(Date.now() - told).to.be.below(1_500);
    });
  }
});
