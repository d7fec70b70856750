import { expect } from 'chai';
import { type Hold, violationsIn } from '../../lib/testing/history.js';

const hold = (holder: string, token: number, from: number, to: number, lock = 'a'): Hold => ({ lock, holder, token, from, to });

describe('The history checker', () => {
  it('finds nothing in holds that follow each other', () => {
    expect(violationsIn([hold('one', 1, 0, 10), hold('two', 2, 10, 20), hold('one', 3, 25, 30)])).to.deep.equal([]);
  });

  it('takes the holds in any order', () => {
    expect(violationsIn([hold('one', 3, 25, 30), hold('one', 1, 0, 10), hold('two', 2, 10, 20)])).to.deep.equal([]);
  });

  it('names two holds of one lock that overlap', () => {
    const [first, second] = [hold('one', 1, 0, 10), hold('two', 2, 9, 20)];

    expect(violationsIn([first, second])).to.deep.equal([{ kind: 'overlap', first, second }]);
  });

  it('sees an overlap with a long hold behind a short one', () => {
    const [long, short, late] = [hold('one', 1, 0, 100), hold('two', 2, 10, 20), hold('three', 3, 50, 60)];

    expect(violationsIn([long, short, late])).to.deep.equal([
      { kind: 'overlap', first: long, second: short },
      { kind: 'overlap', first: long, second: late },
    ]);
  });

  it('names a token that goes back, and one that comes twice', () => {
    const [first, back, twice] = [hold('one', 5, 0, 1), hold('two', 4, 2, 3), hold('three', 5, 4, 5)];

    expect(violationsIn([first, back, twice])).to.deep.equal([
      { kind: 'token not above the one before', first, second: back },
      { kind: 'token not above the one before', first, second: twice },
    ]);
  });

  it('lets different locks overlap and count on their own', () => {
    expect(violationsIn([hold('one', 5, 0, 10, 'a'), hold('two', 1, 5, 6, 'b')])).to.deep.equal([]);
  });
});
