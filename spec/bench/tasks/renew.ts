import { setTimeout } from 'node:timers/promises';
import type { Client } from '../contenders/contender.js';
import { openRegistry } from '../contenders/library.js';
import { statements } from '../statement-count.js';

/** Leases that one registry of this library keeps. */
export interface RenewOrder {
  readonly url: string;
  readonly prefix: string;
  readonly leases: number;
  readonly ttlMs: number;
  readonly forMs: number;
}

export interface RenewAnswer {
  readonly statements: number;
  readonly renewed: number;
}

/** Counts what is sent while leases are renewed. */
export async function renew(_: Client, { url, prefix, leases, ttlMs, forMs }: RenewOrder): Promise<RenewAnswer> {
  const locks = await openRegistry(url, { ttl: ttlMs });
  await Promise.all(Array.from({ length: leases }, (__, lease) => locks.acquire(`${prefix} ${lease}`)));
  await setTimeout(ttlMs);
  let renewed = 0;
  locks.on('renewed', () => renewed++);
  const before = statements.count;
  await setTimeout(forMs);
  const answer = { statements: statements.count - before, renewed };
  await locks.close({ grace: 0 });
  return answer;
}
