import ms from 'ms';

/** A number of milliseconds, or text such as `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'1d'`. */
export type Duration = number | string;

/** The bounds of one option, in milliseconds, both included. */
export interface DurationBounds {
  readonly min?: number;
  readonly max?: number;
}

/**
 * Milliseconds of a duration, checked once at the edge.
 *
 * @throws {TypeError} neither a number nor text that says a duration
 * @throws {RangeError} outside its bounds
 */
export function parseDuration(option: string, value: Duration, { min = 0, max = Infinity }: DurationBounds = {}): number {
  const parsed = typeof value === 'string' ? fromText(value) : value;
  if (typeof parsed !== 'number' || Number.isNaN(parsed)) {
    throw new TypeError(`Option "${option}" must be milliseconds or text such as '30s'; got ${shown(value)}.`);
  }
  if (parsed < min || parsed > max) {
    throw new RangeError(`Option "${option}" must be between ${spoken(min)} and ${spoken(max)}; got ${shown(value)}.`);
  }
  return parsed;
}

// A bare '30' would be read as milliseconds by some and as seconds by others, so text needs a unit.
function fromText(text: string): number {
  if (!/[a-z]\s*$/i.test(text) || text.length > 100) return NaN;
  // Its types promise a number for the text they know; for other text it answers undefined.
  const parsed: unknown = ms(text as ms.StringValue);
  return typeof parsed === 'number' ? parsed : NaN;
}

const spoken = (bound: number) => (Number.isFinite(bound) ? ms(bound) : 'Infinity');

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
