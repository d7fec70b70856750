import type { ContenderName } from './contenders/index.js';
import type { Grounds } from './grounds.js';
import { median } from './median.js';
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
    for await (const [contender, result] of roundOf(scenario, grounds)) seen.get(contender)?.push(result);
  }
  const contenders: Partial<Record<ContenderName, ContenderResult>> = {};
  for (const [contender, results] of seen) contenders[contender] = { rounds: results, summary: summary(scenario, results) };
  return { name, title: scenario.title, contenders, requirements: judge(scenario, contenders) };
}

async function* roundOf(scenario: Scenario, grounds: Grounds): AsyncGenerator<[ContenderName, Round]> {
  if ('measure' in scenario) {
    for (const contender of scenario.contenders) {
      await grounds.settle();
      yield [contender, await orFailed(async () => scenario.measure(contender, grounds))];
    }
    return;
  }
  await grounds.settle();
  const all = await orFailed(() => scenario.measureTogether(scenario.contenders, grounds));
  for (const contender of scenario.contenders) {
    yield [contender, 'error' in all ? all : { figures: all.figures[contender] ?? {} }];
  }
}

async function orFailed<F>(measure: () => Promise<F>): Promise<{ readonly figures: F } | { readonly error: string }> {
  try {
    return { figures: await measure() };
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
