import { expect } from 'chai';
import fc from 'fast-check';
import { LockRegistry } from '../lib/index.js';
import { eachDatabase } from './support/databases.js';

/** What some database, driver or file system takes for the same. */
const near: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toUpperCase(),
  (name) => name.toLowerCase(),
  (name) => `${name} `,
  (name) => ` ${name}`,
  (name) => `${name}\0`,
  (name) => `${name}\n`,
  (name) => name.normalize('NFD'),
  (name) => name.normalize('NFC'),
  (name) => name.replaceAll('é', 'e'),
  (name) => `${name}\ud800`,
  (name) => `${name}\ufffd`,
  (name) => `${name}'`,
  (name) => `${name}\\`,
  (name) => `${name}%`,
  (name) => `${name}' OR '1'='1`,
  (name) => `${name}; DROP TABLE distributed_lock --`,
  (name) => `${name}😀`,
  (name) => `~${name}`,
];

const texts = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }),
    fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
    fc.constantFrom('job', 'Élan', 'straße', 'ﬁ', '\u0000', 'x'.repeat(900)),
  )
  .map((text) => `é${text}`);

eachDatabase('Names that are nearly the same', (database) => {
  it('are locks of their own, and one name is one lock', async function () {
    this.timeout(60_000);
    await using locks = new LockRegistry(database().newSequelize());
    const pairs = fc.tuple(texts, fc.constantFrom(...near), fc.constantFrom(...near)).map(([text, one, other]) => [one(text), other(text)]);
    const exclude = fc.asyncProperty(pairs, async ([one = '', other = '']) => {
      const lease = await locks.acquire(one);
      const second = await locks.tryAcquire(other);
      const seen = (await locks.inspect(one))?.name;
      await Promise.all([lease.release(), second?.release()]);
      expect([second !== undefined, seen]).to.deep.equal([one !== other, one]);
    });
    await fc.assert(exclude, { numRuns: 150 });
  });
});
