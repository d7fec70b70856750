import { readdirSync, readFileSync } from 'node:fs';

/** A process and its children, as Linux has them. */
export function familyOf(parent: number | undefined): number[] {
  if (parent === undefined) return [];
  const children = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === parent);
  return [parent, ...children];
}

function parentOf(pid: number): number | undefined {
  try {
    // The name in parentheses may contain anything; behind it come the state and the parent.
    const [, , parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, ')').split(' ');
    return Number(parent);
  } catch {
    return undefined; // gone meanwhile
  }
}
