import { InvalidArgumentError } from 'commander';
import { type DurationBounds, parseDuration } from '../core/duration.js';
import { encodeName } from '../core/lock-name.js';

/** A reader of durations, in milliseconds, that names `option` where it refuses one. */
export function duration(option: string, bounds?: DurationBounds): (text: string) => number {
  return (text) => refusing(() => parseDuration(option, text, bounds));
}

/** A lock's name, checked before anything is sent. */
export function lockName(text: string): string {
  refusing(() => encodeName(text));
  return text;
}

function refusing<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
