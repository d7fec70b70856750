import Table from 'cli-table3';
import pico from 'picocolors';
import type { LockInfo, Occupant } from '../index.js';

/** Writes to standard output, and settles when it is written; a reader that has gone away is no error. */
export function print(text: string): Promise<void> {
  return written(process.stdout, text);
}

/** Writes one line to standard error. */
export function complain(message: string): Promise<void> {
  return written(process.stderr, `dlock: ${printable(message.replaceAll(/\s+/g, ' ').trim())}`);
}

function written(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => stream.write(`${text}\n`, () => resolve()));
}

/** `JSON` with every field there: what is unknown is `null`. */
export function printJson(value: unknown): Promise<void> {
  return print(JSON.stringify(value, (_key, field: unknown) => field ?? null, 2));
}

/** Colours where standard output is a terminal that shows them, and `NO_COLOR` is not set. */
export const colours = () => pico.createColors(showsColours(process.stdout));

// What is no terminal has neither, whatever its type says.
const showsColours = (stream: Partial<NodeJS.WriteStream>): boolean => stream.isTTY === true && stream.hasColors?.() === true;

const NO_LINES = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((name) => [name, '']),
);

/** Rows in columns, under a head where one is given; nothing is cut off. */
export function inColumns(rows: readonly (readonly string[])[], head: readonly string[] = []): string {
  const { bold } = colours();
  const table = new Table({
    head: head.map((word) => bold(word)),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  table.push(...rows.map((row) => row.map(printable)));
  return table.toString().replaceAll(/ +$/gm, '');
}

/** Text from the database that may be anything: what would move the cursor or colour the screen is spelled out. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A lock's name within a sentence. */
export const quoted = (name: string) => `"${printable(name)}"`;

/** ` by whom since when until when`, as far as it is known. */
export function heldBy({ holder, label, acquiredAt, expiresAt }: Occupant | LockInfo): string {
  const who = holder === undefined ? '' : ` by ${holder}${label ? ` (${label})` : ''}`;
  const since = acquiredAt ? ` since ${acquiredAt.toISOString()}` : '';
  return printable(`${who}${since}${expiresAt ? ` until ${expiresAt.toISOString()}` : ''}`);
}
