import { strict as assert } from 'node:assert';
import type { Lease } from '../../engine/lease.js';
import type { Case } from './contract-case.js';
import { failure, granted, inParallel, inTurn, numbers } from './outcomes.js';

const odd: readonly string[] = [
  'x'.repeat(1_000),
  '\\'.repeat(20),
  'with\0nul',
  '\u{1f512} 錠 λ',
  '\u0001\u001f\u007f\n\r\t',
  `quotes ' " \` ; -- /* */ $1 ? :name %s`,
  '100% under_score',
  '~tilde',
  '\ud800',
  'x\udfff',
];

/** Each group would be one lock somewhere: a collation, a padding or a normal form away. */
const alike: readonly (readonly string[])[] = [
  [`${'x'.repeat(999)}a`, `${'x'.repeat(999)}A`],
  ['job', 'Job', 'JOB'],
  ['job', 'job ', ' job', 'job\t', 'job\0', 'job\u00a0'],
  ['jób', 'job'],
  ['Å', 'A\u030a', '\u212b'],
  ['straße', 'strasse', 'STRASSE'],
  ['\ud800', '\ud801', '\ufffd'],
];

/** What a name may be. */
export const names: readonly Case[] = [
  {
    name: 'takes any text for a name, and gives it back unchanged',
    covers: [20],
    async run({ locks, freshName }) {
      const table = freshName();
      const [one, other] = [locks({ table }), locks({ table })];
      for (const name of odd) {
        assert.equal((await one.acquire(name)).name, name);
        assert.equal(await other.tryAcquire(name), undefined, JSON.stringify(name));
        assert.equal((await other.inspect(name))?.name, name);
      }
      assert.deepEqual((await other.list()).map(({ name }) => name).sort(), [...odd].sort());
    },
  },
  {
    name: 'refuses what is no name, and a name that is too long',
    covers: [7, 20],
    async run({ locks }) {
      const registry = locks();
      for (const name of ['', undefined, null, 7, {}, []] as string[]) {
        await failure(registry.acquire(name), TypeError);
        await failure(registry.tryAcquire(name), TypeError);
        await failure(
          registry.run(name, () => undefined),
          TypeError,
        );
        await failure(registry.inspect(name), TypeError);
      }
      for (const name of ['x'.repeat(1_025), '錠'.repeat(342)]) await failure(registry.acquire(name), RangeError);
    },
  },
  {
    name: 'tells names apart by every byte: case, accents, blanks and normal forms included',
    covers: [21, 22, 23],
    async run({ locks, freshName }) {
      for (const group of alike) {
        const table = freshName();
        const registry = locks({ table });
        for (const name of group) granted(await registry.tryAcquire(name));
        const seen = await registry.list();
        assert.deepEqual(seen.map(({ name }) => name).sort(), [...group].sort());
        await registry.close({ grace: 0 });
      }
    },
  },
  {
    name: 'lets a thousand names be held at once, none in the way of another',
    covers: [25],
    slow: true,
    async run({ locks, freshName }) {
      const prefix = freshName();
      const registries = [locks(), locks()];
      const leases: Lease[] = [];
      const hold = async (at: number) => leases.push(granted(await inTurn(registries, at).tryAcquire(`${prefix} ${at}`)));
      await inParallel(1_000, 10, hold);
      assert.equal(new Set(leases.map(({ name }) => name)).size, 1_000);
      assert(leases.every(({ held }) => held));
      await inParallel(1_000, 10, (at) => inTurn(leases, at).release());
      for (const at of numbers(3)) granted(await inTurn(registries, at + 1).tryAcquire(`${prefix} ${at * 499}`));
    },
  },
];
