import { hostname } from 'node:os';
import { basename } from 'node:path';

/** Who this process is, for operators: never used to decide who owns a lock. */
export function processIdentity(): string {
  return `${hostname()}:${process.pid} ${basename(process.argv[1] ?? process.title)}`;
}
