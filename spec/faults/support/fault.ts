import type * as criteria from '../checker/index.js';
import type { Violation } from '../checker/criterion.js';
import type { LockEvent } from '../history/event.js';
import type { WorkloadName } from '../workloads/index.js';
import type { DatabaseKind } from './scene.js';
import type { World } from './world.js';

export type CriterionName = keyof typeof criteria;

/** Every rule. */
export const ALL: readonly CriterionName[] = ['C1', 'C1row', 'C2', 'C3', 'C4', 'C5', 'C5row', 'C6', 'C7', 'C8', 'C9'];

/** All but these. */
export const allBut = (...names: readonly CriterionName[]) => ALL.filter((name) => !names.includes(name));

/** One way in which a system fails, and what must hold all the same. */
export interface Fault {
  /** As in the matrix; `X` for what was found later. */
  readonly id: string;
  readonly title: string;
  readonly databases: readonly DatabaseKind[];
  readonly criteria: readonly CriterionName[];
  /** What this machine lacks for it. */
  readonly missing?: string | undefined;
  /** Part of the short run. */
  readonly smoke?: boolean;
  /** What the workers do meanwhile; default `contend`. */
  readonly workload?: WorkloadName;
  /** How many; default 3. */
  readonly workers?: number;
  /** Default 800 ms. */
  readonly ttlMs?: number;
  /** What is to be there before the first worker. */
  prepare?(world: World): Promise<void>;
  /** Does it, and undoes it. */
  inject(world: World): Promise<void>;
  /** What was written, for {@link World.accepted}. */
  collect?(world: World): Promise<void>;
  /** What only this fault's history can be blamed for. */
  judge?(history: readonly LockEvent[]): Violation[];
}
