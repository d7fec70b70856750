import { expect } from 'chai';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout } from 'node:timers/promises';
import sinon from 'sinon';
import type { LockEventName } from '../lib/index.js';
import { type ContractWorld, inWorld } from './support/contract-world.js';
import { onDatabase } from './support/databases.js';

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
    expect(published).to.have.length(2);
    expect(published[0]).to.equal(published[1]).and.include({ lockName: name, token: lease.fencingToken });
  });

  by('are refused by name where there is none of that name', async ({ locks }) => {
    expect(() => locks().on('aquired' as LockEventName, () => undefined)).to.throw(TypeError, 'aquired');
  });
});
