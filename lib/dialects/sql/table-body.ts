import type { TableShape } from '../../contracts/examination.js';

/** What stands between the parentheses of a CREATE TABLE. */
export function tableBody({ columns, keys: [primary = [], ...others] }: TableShape): string {
  const lines = [
    ...Object.entries(columns).map(([name, definition]) => `${name} ${definition}`),
    `PRIMARY KEY (${primary.join(', ')})`,
    ...others.map((key) => `UNIQUE (${key.join(', ')})`),
  ];
  return lines.map((line) => `  ${line}`).join(',\n');
}
