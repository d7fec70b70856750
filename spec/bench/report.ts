import Table from 'cli-table3';
import { type ContenderName, titleOf } from './contenders/index.js';
import type { ContenderResult, Judgement, ScenarioResult } from './run.js';
import type { Column, Scenario } from './scenario.js';

/** One scenario as a table: a row for each contender, what stands for all rounds, and behind it the rounds where they differ. */
export function tableOf({ columns }: Scenario, { title, contenders }: ScenarioResult): string {
  const table = new Table({
    head: ['', ...columns.map((column) => column.title)],
    style,
    wordWrap: true,
    colWidths: [30, ...columns.map(() => 22)],
  });
  for (const [contender, result] of Object.entries(contenders)) {
    table.push([titleOf(contender as ContenderName), ...columns.map((column) => cell(column, result))]);
  }
  const failures = Object.entries(contenders).flatMap(([contender, { rounds }]) =>
    rounds.flatMap((round) => ('error' in round ? [`${titleOf(contender as ContenderName)} failed: ${round.error}`] : [])),
  );
  return [`\n${title}`, table.toString(), ...failures].join('\n');
}

/** Every requirement with its figure. */
export function requirementsTable(results: readonly ScenarioResult[]): string {
  const table = new Table({ head: ['scenario', 'must reach', 'figure', ''], style });
  for (const { name, requirements } of results) {
    for (const one of requirements)
      table.push([name, `${one.text} ${limit(one)}`, digits(one.figure, 2), one.reached ? 'reached' : 'NOT REACHED']);
  }
  return table.toString();
}

// Plain text: it is read in logs and pasted.
const style = { head: [], border: [], compact: true };

const limit = ({ atMost, atLeast }: Judgement): string => (atMost === undefined ? `>= ${atLeast ?? ''}` : `<= ${atMost}`);

function cell({ key, digits: places = 0 }: Column, { rounds, summary }: ContenderResult): string {
  const all = rounds.map((round) => ('error' in round ? 'failed' : digits(round.figures[key], places)));
  const stands = digits(summary[key], places);
  return all.every((one) => one === stands) ? stands : `${stands} (${all.join(' ')})`;
}

const digits = (figure = NaN, places: number): string =>
  figure.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places });
