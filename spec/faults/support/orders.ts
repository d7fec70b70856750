import type { LockKind } from '../locks/open.js';
import type { LockOrders } from '../locks/tested-lock.js';
import type { WorkloadName } from '../workloads/index.js';
import type { Deed, Line } from './lines.js';

/** What a worker is started with. */
export interface Orders extends LockOrders {
  readonly who: string;
  readonly journal: string;
  readonly ledgerUrl: string;
  readonly lock: LockKind;
  readonly lockName: string;
  readonly workload: WorkloadName;
  readonly seed: number;
}

/** What a worker is told while it runs. */
export type Command =
  | { readonly tell: 'begin' | 'stop' }
  | { readonly tell: 'arm'; readonly line: Line; readonly deed: Deed }
  /** The application takes all its connections. */
  | { readonly tell: 'exhaust'; readonly ms: number };
