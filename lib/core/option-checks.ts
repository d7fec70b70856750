/** @throws {TypeError} an option that nobody reads, such as a misspelt one */
export function rejectUnknown(options: unknown, known: readonly string[], of?: string): void {
  if (typeof options !== 'object' || options === null) {
    const subject = of === undefined ? 'Options' : `Option "${of}"`;
    throw new TypeError(`${subject} must be an object; got ${options === null ? 'null' : typeof options}.`);
  }
  const unknown = Object.keys(options).find((option) => !known.includes(option));
  if (unknown === undefined) return;
  throw new TypeError(`There is no option "${of === undefined ? '' : `${of}.`}${unknown}". Options here: ${known.join(', ')}.`);
}

/** A whole number, or `Infinity`. @throws {RangeError} anything else */
export function count(option: string, value: number, min: number): number {
  if (!(Number.isInteger(value) || value === Infinity) || value < min)
    throw new RangeError(`Option "${option}" must be a whole number of at least ${min}; got ${String(value)}.`);
  return value;
}

/** @throws {TypeError} not true or false */
export function flag(option: string, value: unknown, otherwise: boolean): boolean {
  if (value !== undefined && typeof value !== 'boolean')
    throw new TypeError(`Option "${option}" must be true or false; got ${typeof value}.`);
  return value ?? otherwise;
}

/** @throws {TypeError} none of these */
export function oneOf<T extends string>(option: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) throw new TypeError(`Option "${option}" must be one of '${allowed.join("', '")}'; got '${value}'.`);
  return value;
}

/** @throws {TypeError} not a function */
export function policy<P extends (...args: never) => unknown>(option: string, value: P): P {
  return callable(option, value, "a policy, such as one of the package's own");
}

/** @throws {TypeError} not a function */
export function callable<F extends (...args: never) => unknown>(option: string, value: F, kind = 'a function'): F {
  if (typeof value !== 'function') throw new TypeError(`Option "${option}" must be ${kind}; got ${typeof value}.`);
  return value;
}
