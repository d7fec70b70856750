import { expect } from 'chai';
import { OWNER_ID_LENGTH } from '../../lib/contracts/line.js';
import { OwnerIds, registryId } from '../../lib/engine/owner-ids.js';

describe('OwnerIds', () => {
  it('are of one width, and begin with their registry’s half, by which its waiters can be reached', () => {
    const registry = registryId(true);
    const id = new OwnerIds(registry).next();
    expect(id)
      .to.have.length(OWNER_ID_LENGTH)
      .and.match(/^[np][0-9a-f]+$/);
    expect(id.slice(0, OWNER_ID_LENGTH / 2)).to.equal(registry);
  });

  it('are never given twice', () => {
    const ids = new OwnerIds(registryId(false));
    expect(new Set(Array.from({ length: 5_000 }, () => ids.next())).size).to.equal(5_000);
  });

  it('say by their first letter whether somebody listens for them', () => {
    expect([registryId(true)[0], registryId(false)[0]]).to.deep.equal(['n', 'p']);
  });

  it('are of a registry that is no other’s', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => registryId(true))).size).to.equal(1_000);
  });
});
