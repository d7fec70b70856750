import { cold } from './cold.js';
import { contend } from './contend.js';
import { fenced } from './fenced.js';
import { inTransactions } from './in-transactions.js';
import { keep } from './keep.js';
import { skip } from './skip.js';
import { toTheEnd } from './to-the-end.js';
import type { Workload } from './workload.js';

/** By the name that a fault asks for. */
export const workloads = { cold, contend, fenced, inTransactions, keep, skip, toTheEnd } satisfies Record<string, Workload>;

export type WorkloadName = keyof typeof workloads;
