import { expect } from 'chai';
import { currentLease, heldHere, holding } from '../../lib/engine/held-context.js';
import type { Lease } from '../../lib/engine/lease.js';
import { rejection } from '../support/outcome.js';

// Only the name of a lease is looked at here.
const leaseOf = (name: string) => {
  const leases: Lease[] = [];
  const lease = { name, leases } as unknown as Lease;
  leases.push(lease);
  return lease;
};
const setOf = (...names: string[]) => ({ name: names.join(', '), leases: names.map(leaseOf) }) as unknown as Lease;
const registry = {};

describe('The held context', () => {
  it('is empty outside of every body', () => {
    expect([currentLease(), heldHere(registry, 'a')]).to.deep.equal([undefined, undefined]);
  });

  it('holds a lease in its body, over every await, and not after it', async () => {
    const lease = leaseOf('a');
    await holding(registry, lease, async () => {
      expect(currentLease()).to.equal(lease);
      await new Promise(setImmediate);
      expect([currentLease(), heldHere(registry, 'a')]).to.deep.equal([lease, lease]);
    });
    expect(currentLease()).to.equal(undefined);
  });

  it('shows the innermost lease, and knows those around it', async () => {
    const [outer, inner] = [leaseOf('outer'), leaseOf('inner')];
    await holding(registry, outer, async () => {
      await holding(registry, inner, () => {
        expect([currentLease(), heldHere(registry, 'outer'), heldHere(registry, 'inner')]).to.deep.equal([inner, outer, inner]);
      });
      expect([currentLease(), heldHere(registry, 'inner')]).to.deep.equal([outer, undefined]);
    });
  });

  it('keeps bodies that run beside each other apart', async () => {
    const seen = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        holding(registry, leaseOf(name), async () => {
          await new Promise(setImmediate);
          return currentLease()?.name;
        }),
      ),
    );
    expect(seen).to.deep.equal(['a', 'b', 'c']);
  });

  it('knows each lease of a set', async () => {
    await holding(registry, setOf('a', 'b'), () => {
      expect([heldHere(registry, 'a')?.name, heldHere(registry, 'b')?.name, heldHere(registry, 'c')]).to.deep.equal(['a', 'b', undefined]);
    });
  });

  it('takes no set for the lock of that name', async () => {
    await holding(registry, setOf('a', 'b'), () => expect(heldHere(registry, 'a, b')).to.equal(undefined));
  });

  it('tells registries apart: names of different ones are different locks', async () => {
    await holding(registry, leaseOf('a'), () => expect(heldHere({}, 'a')).to.equal(undefined));
  });

  it('does not count for what a body started and did not wait for', async () => {
    let detached: Promise<unknown> | undefined;
    await holding(registry, leaseOf('a'), () => {
      detached = new Promise(setImmediate).then(() => heldHere(registry, 'a'));
    });
    expect(await detached).to.equal(undefined);
  });

  it('takes what a body throws, at once or later, for its answer', async () => {
    const mistake = new Error('mine');
    const throwing = holding(registry, leaseOf('a'), () => {
      throw mistake;
    });
    expect(await rejection(throwing)).to.equal(mistake);
    expect(await rejection(holding(registry, leaseOf('a'), () => Promise.reject(mistake)))).to.equal(mistake);
  });

  it('is one for all copies of the package in a process', async () => {
    const copy = (await import(`../../lib/engine/held-context.js?copy=${Math.random()}`)) as { currentLease: typeof currentLease };
    const lease = leaseOf('a');
    await holding(registry, lease, () => expect(copy.currentLease()).to.equal(lease));
  });
});
