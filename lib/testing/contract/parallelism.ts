import { strict as assert } from 'node:assert';
import type { Lease } from '../../engine/lease.js';
import type { Case, World } from './contract-case.js';
import { eventually, granted, inParallel, inTurn, numbers } from './outcomes.js';

/** Who waits for another process looks often here, so that a case is soon over. */
const eager = { polling: () => 10 };

/** Many at once. */
export const parallelism: readonly Case[] = [
  {
    name: 'lets one of a hundred callers in at a time, and all of them in the end',
    covers: [26],
    async run({ locks, freshName, clock }) {
      const name = freshName();
      const registries = numbers(4).map(() => locks(eager));
      let [inside, most, done] = [0, 0, 0];
      const visit = async () => {
        most = Math.max(most, ++inside);
        await clock.sleep(2);
        inside--;
        done++;
      };
      await Promise.all(numbers(100).map((at) => inTurn(registries, at).run(name, visit, { wait: '20s' })));
      assert.deepEqual([most, inside, done], [1, 0, 100]);
    },
  },
  {
    name: 'keeps counters exact that are read and written apart, which come out wrong without it',
    covers: [27, 29],
    slow: true,
    async run(world) {
      const exact = { a: 710 / 2, b: 710 / 2 };
      const names = { a: world.freshName(), b: world.freshName() };
      const registries = numbers(3).map(() => world.locks(eager));
      const guarded = await countApart(world, (worker, which, step) => inTurn(registries, worker).run(names[which], step, { wait: '30s' }));
      assert.deepEqual(guarded, exact);
      assert.notDeepEqual(await countApart(world, (_worker, _which, step) => step()), exact);
    },
  },
  {
    name: 'serves a thousand callers of sixteen registries on one row without an error',
    covers: [30],
    slow: true,
    async run({ locks, freshName }) {
      const name = freshName();
      const registries = numbers(16).map(() => locks({ ...eager, connections: { max: 1 } }));
      let done = 0;
      await Promise.all(numbers(1_024).map((at) => inTurn(registries, at).run(name, () => done++, { wait: '30s' })));
      assert.equal(done, 1_024);
    },
  },
  {
    name: 'keeps the leases of many registries renewed beside each other',
    covers: [31],
    slow: true,
    async run({ locks, freshName, clock }) {
      const renewed = new Set<string>();
      const troubles: unknown[] = [];
      const leases: Lease[] = [];
      await inParallel(60, 6, async () => {
        const registry = locks({ ttl: 2_400, connections: { max: 1 } });
        registry.on('renewed', ({ lockName }) => renewed.add(lockName));
        registry.on('lost', (facts) => troubles.push(facts));
        leases.push(await registry.acquire(freshName()));
      });
      await eventually(clock, () => renewed.size === 60 || undefined);
      assert.deepEqual(troubles, []);
      assert(leases.every(({ held }) => held));
    },
  },
  {
    name: 'lets the second in when the first is done, not before',
    covers: [32],
    async run({ locks, freshName, clock }) {
      const [a, b] = [locks(), locks(eager)];
      const name = freshName();
      const order: number[] = [];
      const append = async (...values: number[]) => {
        for (const value of values) {
          order.push(value);
          await clock.sleep(20);
        }
      };
      const lease = await a.acquire(name);
      const second = b.run(name, () => append(4, 5, 6));
      await append(1, 2, 3);
      await lease.release();
      await second;
      assert.deepEqual(order, [1, 2, 3, 4, 5, 6]);
    },
  },
  {
    name: 'needs one connection, however many names are taken at once',
    covers: [33],
    slow: true,
    async run({ locks, freshName }) {
      const registry = locks({ connections: { max: 1 } });
      const names = numbers(20).map(() => freshName());
      const holders = new Map<string, number>();
      let seed = 1;
      const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
      await inParallel(1_000, 25, async () => {
        const name = names[Math.floor(random() * names.length)] ?? '';
        await registry.run(name, async () => {
          assert.equal(holders.get(name) ?? 0, 0);
          holders.set(name, 1);
          await Promise.resolve();
          holders.set(name, 0);
        });
      });
    },
  },
  {
    name: 'is won by exactly one of many registries that meet the table and the name for the first time',
    covers: [97],
    async run({ locks, freshName }) {
      const table = freshName();
      const registries = numbers(20).map(() => locks({ table, connections: { max: 1 } }));
      const asked = await Promise.all(registries.map((registry) => registry.tryAcquire('first')));
      assert.equal(asked.filter((lease) => lease !== undefined).length, 1);
      granted(asked.find((lease) => lease !== undefined));
    },
  },
];

type Counter = 'a' | 'b';

/** Eight workers count in two counters, a hundred times each and the last one ten times; a count is a read, a pause and a write. */
async function countApart({ clock }: World, under: (worker: number, which: Counter, step: () => Promise<void>) => Promise<unknown>) {
  const counters = { a: 0, b: 0 };
  const work = async (worker: number) => {
    for (const round of numbers(worker === 7 ? 10 : 100)) {
      const which = round % 2 === 0 ? 'a' : 'b';
      await under(worker, which, async () => {
        const seen = counters[which];
        await clock.turn();
        counters[which] = seen + 1;
      });
    }
  };
  await Promise.all(numbers(8).map(work));
  return counters;
}
