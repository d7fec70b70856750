import type { ContenderName } from './contenders/index.js';
import type { Grounds } from './grounds.js';

/** What one round of one contender gave, by the key of its column. */
export type Figures = Readonly<Record<string, number>>;

export interface Column {
  readonly key: string;
  readonly title: string;
  readonly digits?: number;
  /** What stands for all rounds: their median (default), or the largest, for what must never happen. */
  readonly over?: 'median' | 'most';
}

/** What this library must reach. */
export interface Requirement {
  readonly text: string;
  /** From what stands for all rounds. */
  readonly figure: (of: (contender: ContenderName, key: string) => number) => number;
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly digits?: number;
}

/** A situation that all contenders are brought into, round by round. */
export type Scenario = Situation & (OneByOne | Together);

interface Situation {
  readonly title: string;
  readonly contenders: readonly ContenderName[];
  readonly columns: readonly Column[];
  readonly requirements: readonly Requirement[];
  /** No more rounds than that, where figures do not vary; default: as many as asked for. */
  readonly mostRounds?: number;
}

interface OneByOne {
  /** One round of one contender. */
  measure(contender: ContenderName, grounds: Grounds): Promise<Figures>;
}

interface Together {
  /** One round of all of them, which take turns in it. */
  measureTogether(contenders: readonly ContenderName[], grounds: Grounds): Promise<Partial<Record<ContenderName, Figures>>>;
}
