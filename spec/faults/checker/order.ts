import { type Hold, holdsIn } from '../history/holds.js';
import { type Criterion, ms, type Violation } from './criterion.js';

/**
 * C1: tokens are unique, and rise from a grant that was known to one that was asked for later, and from a lease that was over to the
 * next one. The last says more than the second: who asked early may be granted late, and must get the higher token then.
 */
export const order: Criterion = (history) => inOrder('C1', holdsIn(history), (hold) => hold);

/**
 * C1row: the same of what the row granted. Until its next renewal an owner that has lost its row hands on, inside its process, the numbers that
 * the row had reserved for it: below the new owner's, so that whoever compares tokens refuses them.
 */
export const orderOfRows: Criterion = (history) => {
  const holds = holdsIn(history);
  const firsts = new Map<string, Hold>();
  for (const hold of holds) firsts.set(keyOf(hold, hold.token), firsts.get(keyOf(hold, hold.token - 1)) ?? hold);
  return inOrder('C1row', holds, (hold) => firsts.get(keyOf(hold, hold.token)) ?? hold);
};

const keyOf = ({ lock, holder }: Hold, token: number) => `${lock} ${holder} ${token}`;

/** `grantOf`: the lease that the row was asked for, where others were handed on from it. */
function inOrder(criterion: string, holds: readonly Hold[], grantOf: (hold: Hold) => Hold): Violation[] {
  const violations: Violation[] = [];
  const highest = new Map<string, Hold>();
  const owners = new Map<string, Hold>();
  for (const hold of holds) {
    const token = `${hold.lock} ${hold.token}`;
    const [twin, top] = [owners.get(token), highest.get(hold.lock)];
    if (twin) violations.push(violation(criterion, 'got the token of', hold, twin));
    else if (top && hold.token < top.token && follows(grantOf(hold), top))
      violations.push(violation(criterion, 'has a lower token than', hold, top));
    owners.set(token, hold);
    if (!top || hold.token > top.token) highest.set(hold.lock, hold);
  }
  return violations;
}

/** A lease that was over before it was known proves nothing. */
const follows = (hold: Hold, before: Hold) => before.from < hold.sent || (hold.to > hold.from && before.to <= hold.from);

const named = ({ holder, ask, token, from, to }: Hold) => `${holder} #${ask} (token ${token}, ${ms(from)} to ${ms(to)})`;

function violation(criterion: string, verb: string, hold: Hold, other: Hold): Violation {
  return { criterion, text: `${hold.lock}: ${named(hold)} ${verb} ${named(other)}` };
}
