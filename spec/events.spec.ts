import { expect } from 'chai';
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout } from 'node:timers/promises';
import sinon from 'sinon';
import { LockBusyError, type LockEventName, LockRegistryClosedError, LockTimeoutError } from '../lib/index.js';
import { type ContractWorld, inWorld } from './support/contract-world.js';
import { onDatabase } from './support/databases.js';
import { failureOf, rejection } from './support/outcome.js';

onDatabase('sqlite', 'Events', (database) => {
  const by = (title: string, run: (world: ContractWorld) => Promise<void>): void => void it(title, () => inWorld(database(), run));

  by(
    'go on to the other listeners, and disturb no lock, when a listener throws; its mistake is a process warning',
    async ({ locks, freshName }) => {
      const warn = sinon.stub(process, 'emitWarning');
      const registry = locks({ ttl: 900 });
      const mistakes: Error[] = [];
      const heard: string[] = [];
      for (const event of ['acquired', 'renewed', 'released'] as const) {
        registry.on(event, () => {
          throw mistakes[mistakes.push(new Error(event)) - 1] ?? new Error();
        });
        registry.on(event, () => heard.push(event));
      }
      const lease = await registry.acquire(freshName());
      await setTimeout(500);
      expect(lease.held).to.equal(true);
      expect(await lease.release()).to.equal(true);
      expect([...new Set(heard)]).to.deep.equal(['acquired', 'renewed', 'released']);
      expect(warn.args.map(([warning]) => warning)).to.deep.equal(mistakes);
    },
  );

  by(
    'tell the loss to every listener although one of them throws, and the signal to every one of its own',
    async ({ locks, freshName }) => {
      sinon.stub(process, 'emitWarning');
      const registry = locks();
      const heard: string[] = [];
      registry.on('lost', () => {
        throw new Error('a mistake');
      });
      registry.on('lost', ({ reason }) => heard.push(reason));
      const { signal } = await registry.acquire(freshName(), { ttl: 200, renew: false });
      signal.addEventListener('abort', () => void setTimeout(60_000, undefined, { ref: false })); // one that hangs
      signal.addEventListener('abort', () => heard.push('aborted'));
      await setTimeout(300);
      expect(heard).to.deep.equal(['expired', 'aborted']);
    },
  );

  by('are published on diagnostics channels too, and stop where a listener is taken off', async ({ locks, freshName }) => {
    const registry = locks();
    const name = freshName();
    const published: unknown[] = [];
    const listener = (facts: unknown): void => void published.push(facts);
    const acquired = 'sequelize-distributed-lock:acquired';
    subscribe(acquired, listener);
    registry.on('acquired', listener);
    const lease = await registry.acquire(name);
    unsubscribe(acquired, listener);
    registry.off('acquired', listener);
    await lease.release();
    await registry.acquire(name);
    const facts = { lockName: name, token: lease.fencingToken };
    expect(published).to.have.length(2);
    const [onChannel, ...rest] = published;
    expect(onChannel).to.include({ ...facts, registry });
    expect([onChannel]).to.deep.equal(rest.map((heard) => ({ ...(heard as object), registry })));
  });

  by(
    'of what a call brings about are told in its async context, whoever hands the lock over; and the number of a wait at its begin and its end',
    async ({ locks, freshName }) => {
      const registry = locks({ polling: () => 20 });
      const context = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      registry.on('waiting', ({ caller }) => seen.push(['waiting', context.getStore(), caller]));
      registry.on('acquired', ({ caller }) => seen.push(['acquired', context.getStore(), caller]));
      registry.on('refused', ({ caller, error }) => seen.push(['refused', context.getStore(), caller, (error as Error).name]));
      registry.on('busy', () => seen.push(['busy', context.getStore()]));
      registry.on('released', () => seen.push(['released', context.getStore()]));
      const name = freshName();
      const one = await context.run('one', () => registry.acquire(name));
      const two = context.run('two', () => registry.acquire(name));
      const three = context.run('three', () => registry.acquire(name, { wait: 50 }));
      await context.run('four', () => registry.tryAcquire(name));
      await failureOf(three, LockTimeoutError);
      await context.run('five', () => one.release());
      await (await two).release();
      expect(seen).to.deep.equal([
        ['waiting', 'one', 1],
        ['acquired', 'one', 1],
        ['waiting', 'two', 2],
        ['waiting', 'three', 3],
        ['busy', 'four'],
        ['refused', 'three', 3, 'LockTimeoutError'],
        ['released', 'five'],
        ['acquired', 'two', 2],
        ['released', undefined],
      ]);
    },
  );

  by('end every wait once: with the lock, or with what the caller is told', async ({ locks, freshName }) => {
    const name = freshName();
    const registry = locks({ maxWaiting: 3 });
    const holder = await locks().acquire(name);
    const begun: number[] = [];
    const ended: unknown[] = [];
    registry.on('waiting', ({ caller }) => begun.push(caller));
    registry.on('acquired', ({ caller }) => ended.push([caller, 'acquired']));
    registry.on('refused', ({ caller, error }) => ended.push([caller, error]));
    const controller = new AbortController();
    const late = rejection(registry.acquire(name, { wait: 30 }));
    const cancelled = rejection(registry.acquire(name, { signal: controller.signal }));
    const granted = registry.acquire(name);
    const turnedAway = failureOf(registry.acquire(name), LockBusyError);
    const errors = [await late, await turnedAway];
    controller.abort(new Error('not wanted any more'));
    errors.push(await cancelled);
    await holder.release();
    const lease = await granted;
    const closed = failureOf(registry.acquire(name), LockRegistryClosedError);
    const closing = registry.close();
    errors.push(await closed);
    await lease.release();
    await closing;
    expect(begun).to.deep.equal([1, 2, 3, 4]);
    const [timeOut, busy, reason, end] = errors;
    expect(ended).to.deep.equal([
      [0, busy],
      [1, timeOut],
      [2, reason],
      [3, 'acquired'],
      [4, end],
    ]);
  });

  by('tell of a lock that was held and not waited for, and asked for with no wait, as busy', async ({ locks, freshName }) => {
    const name = freshName();
    const registry = locks();
    await locks().acquire(name);
    const busy: string[] = [];
    registry.on('busy', ({ lockName }) => busy.push(lockName));
    await failureOf(registry.acquire(name, { wait: 0 }), LockTimeoutError);
    await registry.tryAcquire(name);
    await registry.run(name, () => undefined, { onBusy: 'skip' });
    await failureOf(
      registry.run(name, () => undefined, { onBusy: 'fail' }),
      LockBusyError,
    );
    expect(busy).to.deep.equal([name, name, name, name]);
  });

  by('are refused by name where there is none of that name', async ({ locks }) => {
    expect(() => locks().on('aquired' as LockEventName, () => undefined)).to.throw(TypeError, 'aquired');
  });
});
