import type { ContenderName } from './contenders/index.js';
import type { Grounds } from './grounds.js';
import type { Figures, Scenario } from './scenario.js';

/** A round that failed stays a round. */
export type Round = { readonly figures: Figures } | { readonly error: string };

/** What one contender did in one scenario: every round, and what stands for all of them. */
export interface ContenderResult {
  readonly rounds: readonly Round[];
  /** Missing figures and failed rounds are NaN. */
  readonly summary: Figures;
}

export interface Judgement {
  readonly text: string;
  readonly figure: number;
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly reached: boolean;
}

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  readonly contenders: Readonly<Partial<Record<ContenderName, ContenderResult>>>;
  readonly requirements: readonly Judgement[];
}

/** Runs a scenario: round 1 of every contender, then round 2 of every contender, and so on. */
export async function run(name: string, scenario: Scenario, rounds: number, grounds: Grounds): Promise<ScenarioResult> {
  const seen = new Map<ContenderName, Round[]>(scenario.contenders.map((contender) => [contender, []]));
  for (let round = 0; round < Math.min(rounds, scenario.mostRounds ?? Infinity); round++) {
    for (const [contender, results] of seen) results.push(await measured(scenario, contender, grounds));
  }
  const contenders: Partial<Record<ContenderName, ContenderResult>> = {};
  for (const [contender, results] of seen) contenders[contender] = { rounds: results, summary: summary(scenario, results) };
  return { name, title: scenario.title, contenders, requirements: judge(scenario, contenders) };
}

async function measured(scenario: Scenario, contender: ContenderName, grounds: Grounds): Promise<Round> {
  try {
    return { figures: await scenario.measure(contender, grounds) };
  } catch (error) {
    return { error: String(error) };
  }
}

function summary({ columns }: Scenario, rounds: readonly Round[]): Figures {
  return Object.fromEntries(
    columns.map(({ key, over = 'median' }) => {
      const figures = rounds.map((round) => ('error' in round ? NaN : (round.figures[key] ?? NaN)));
      return [key, figures.some(Number.isNaN) ? NaN : over === 'most' ? Math.max(...figures) : median(figures)];
    }),
  );
}

function judge({ requirements }: Scenario, contenders: ScenarioResult['contenders']): Judgement[] {
  return requirements.map(({ text, figure, atMost, atLeast }) => {
    const value = figure((contender, key) => contenders[contender]?.summary[key] ?? NaN);
    return {
      text,
      figure: value,
      ...(atMost === undefined ? {} : { atMost }),
      ...(atLeast === undefined ? {} : { atLeast }),
      reached: value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity),
    };
  });
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
