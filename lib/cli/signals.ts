import { exitCodeOf } from './exit-codes.js';
import { CliError } from './failure.js';
import { PASSED_ON } from './supervision.js';

/** The signals that would end this process: they cancel the wait for the lock, and once there is a command they are its own matter. */
export class Signals {
  readonly #cancel = new AbortController();
  #pass: ((signal: NodeJS.Signals) => void) | undefined;

  constructor() {
    for (const signal of PASSED_ON) process.on(signal, () => this.#receive(signal));
  }

  /** Aborts at the first signal that comes before there is a command. */
  get cancelled(): AbortSignal {
    return this.#cancel.signal;
  }

  /** From now on signals go to `listener`. */
  passTo(listener: (signal: NodeJS.Signals) => void): void {
    this.#pass = listener;
  }

  #receive(signal: NodeJS.Signals): void {
    if (this.#pass) this.#pass(signal);
    else this.#cancel.abort(new CliError(exitCodeOf(signal), `${signal} came before the lock was granted, and nothing was run.`));
  }
}
