import type { Statement } from '../../../contracts/session.js';

/**
 * Makes statements of a text with values by name, such as `:owner`. The servers know question marks only, one for each time a value is used.
 * Names within quoted identifiers are none.
 */
export function bound(id: string, text: string): (values?: Readonly<Record<string, unknown>>) => Statement {
  const names: string[] = [];
  const marked = text.replaceAll(/`[^`]*`|:(\w+)/g, (whole, name?: string) => {
    if (name === undefined) return whole;
    names.push(name);
    return '?';
  });
  return (values = {}) => ({ id, text: marked, values: names.map((name) => values[name] ?? null) });
}
