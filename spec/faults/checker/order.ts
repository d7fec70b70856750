import { type Hold, holdsIn } from '../history/holds.js';
import { type Criterion, ms, type Violation } from './criterion.js';

/**
 * C1: tokens are unique, and rise from a grant that was known to one that was asked for later, and from a lease that was over to the
 * next one. The last says more than the second: who asked early may be granted late, and must get the higher token then.
 */
export const order: Criterion = (history) => {
  const violations: Violation[] = [];
  const highest = new Map<string, Hold>();
  const owners = new Map<string, Hold>();
  for (const hold of holdsIn(history)) {
    const token = `${hold.lock} ${hold.token}`;
    const [twin, top] = [owners.get(token), highest.get(hold.lock)];
    if (twin) violations.push(violation('got the token of', hold, twin));
    else if (top && hold.token < top.token && follows(hold, top)) violations.push(violation('has a lower token than', hold, top));
    owners.set(token, hold);
    if (!top || hold.token > top.token) highest.set(hold.lock, hold);
  }
  return violations;
};

/** A lease that was over before it was known proves nothing. */
const follows = (hold: Hold, before: Hold) => before.from < hold.sent || (hold.to > hold.from && before.to <= hold.from);

const named = ({ holder, ask, token, from, to }: Hold) => `${holder} #${ask} (token ${token}, ${ms(from)} to ${ms(to)})`;

function violation(verb: string, hold: Hold, other: Hold): Violation {
  return { criterion: 'C1', text: `${hold.lock}: ${named(hold)} ${verb} ${named(other)}` };
}
