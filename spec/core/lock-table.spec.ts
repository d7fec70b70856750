import { expect } from 'chai';
import { isAncestorsTable, isLockTable, LOCK_COLUMNS } from '../../lib/core/lock-table.js';

describe('A lock table', () => {
  it('has every column that this version needs', () => {
    expect(isLockTable(LOCK_COLUMNS)).to.equal(true);
    for (const missing of LOCK_COLUMNS) expect(isLockTable(LOCK_COLUMNS.filter((column) => column !== missing)), missing).to.equal(false);
  });

  it('may have columns that a newer version added', () => {
    expect(isLockTable([...LOCK_COLUMNS, 'colour'])).to.equal(true);
  });

  it('is told from the ancestor’s', () => {
    const ancestors = ['mutex', 'ts', 'node_id'];
    expect([isAncestorsTable(ancestors), isLockTable(ancestors)]).to.deep.equal([true, false]);
    expect(isAncestorsTable(LOCK_COLUMNS)).to.equal(false);
  });
});
