import { expect } from 'chai';
import { event, inOrder, lease } from './by-hand.js';
import { noGhost } from './no-ghost.js';

const refused = (who: string, at: number) => [
  event(at, who, { kind: 'ask', ask: 9, lock: 'x', tries: true, limitMs: 100 }),
  event(at + 1, who, { kind: 'busy', ask: 9 }),
];

describe('C6, no ghost', () => {
  it('lets somebody be turned away while another holds the lock, asks for it, or has just failed or died', () => {
    expect(noGhost(inOrder(lease('a', 1, 7, [0, 1, 10]), refused('b', 5)))).to.deep.equal([]);
    expect(noGhost(inOrder(lease('a', 1, 7, [0, 100, 110]), refused('b', 5)))).to.deep.equal([]);
    const [asked] = lease('a', 1, 7, [0, 1, 10]);
    if (!asked) throw new Error('no lease');
    expect(noGhost(inOrder(asked, event(3, 'a', { kind: 'failed', ask: 1, error: 'LockStoreError' }), refused('b', 5)))).to.deep.equal([]);
    expect(noGhost(inOrder(asked, event(3, 'a', { kind: 'died' }), refused('b', 5)))).to.deep.equal([]);
  });

  it('finds a lock that is busy after its release had been answered', () => {
    expect(noGhost(inOrder(lease('a', 1, 7, [0, 1, 10]), refused('b', 12)))).to.have.length(1);
  });

  it('finds a lock that is busy long after an ask had failed, or its holder had died', () => {
    const [asked, granted] = lease('a', 1, 7, [0, 1, 10]);
    if (!asked || !granted) throw new Error('no lease');
    expect(noGhost(inOrder(asked, event(3, 'a', { kind: 'failed', ask: 1, error: 'LockStoreError' }), refused('b', 9_000)))).to.have.length(
      1,
    );
    expect(noGhost(inOrder(asked, granted, event(3, 'a', { kind: 'died' }), refused('b', 9_000)))).to.have.length(1);
  });
});
