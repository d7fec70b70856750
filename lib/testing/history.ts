/** A time in which somebody believed to hold a lock. All times come from one clock, such as `process.hrtime()` of one host. */
export interface Hold {
  readonly lock: string;
  /** Who, for the report. */
  readonly holder: string;
  readonly token: number;
  /** When the grant was known to the holder. */
  readonly from: number;
  /** When belief ended: the release was about to be sent, the lease was lost or over, or the process was dead. */
  readonly to: number;
}

/** Two holds that contradict each other: the pair is the counter-example. */
export interface Violation {
  readonly kind: 'overlap' | 'token not above the one before';
  readonly first: Hold;
  readonly second: Hold;
}

/**
 * Every pair of neighbouring holds of one lock that overlap in time, or whose tokens do not rise.
 *
 * Pure, and sound for any history: holds that were never recorded can hide a violation and cannot make one up.
 */
export function violationsIn(history: readonly Hold[]): Violation[] {
  const byLock = new Map<string, Hold[]>();
  for (const hold of history) {
    const holds = byLock.get(hold.lock);
    if (holds) holds.push(hold);
    else byLock.set(hold.lock, [hold]);
  }
  return [...byLock.values()].flatMap(violationsOfOne);
}

function violationsOfOne(holds: readonly Hold[]): Violation[] {
  const violations: Violation[] = [];
  const [first, ...later] = [...holds].sort((one, other) => one.from - other.from);
  if (!first) return violations;
  let latest = first;
  let highest = first;
  for (const second of later) {
    if (second.from < latest.to) violations.push({ kind: 'overlap', first: latest, second });
    if (second.token <= highest.token) violations.push({ kind: 'token not above the one before', first: highest, second });
    if (second.to > latest.to) latest = second;
    if (second.token > highest.token) highest = second;
  }
  return violations;
}
