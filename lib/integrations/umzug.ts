import type { Umzug } from 'umzug';
import { currentLease, type LockOptions, type LockRegistry, NO_LOCK } from '../index.js';

/** How an {@link UmzugLock} is taken. */
export interface UmzugLockOptions extends LockOptions {
  /** The lock's name; all that migrate one database must give the same. Default `'migrations'`. */
  readonly name?: string;
}

/**
 * Lets one process at a time migrate: each command of an umzug 3 instance waits for the lock, runs under it, and gives it back whatever happens.
 *
 * The lease is renewed while migrations run. Where it is lost no further migration begins, and the command rejects with a `LeaseLostError`; inside a
 * migration `currentLease()` is the lease. `pending`, `executed` and `create` change no database and do not wait.
 *
 * @example
 * new UmzugLock(locks, { wait: '15m' }).attachTo(umzug);
 * await umzug.up();
 */
export class UmzugLock {
  readonly #locks: LockRegistry;
  readonly #name: string;
  readonly #options: LockOptions;

  /** @param options as for `LockRegistry.acquire`, with a `name`; checked when a command runs */
  constructor(locks: LockRegistry, { name = 'migrations', ...options }: UmzugLockOptions = {}) {
    this.#locks = locks;
    this.#name = name;
    this.#options = options;
  }

  /**
   * From here on `up`, `down` and umzug's command line run under the lock. They then reject as `LockRegistry.run` does, besides with their own errors:
   * with a `LockTimeoutError` where others migrate for longer than `wait`, with a `LockDeadlockError` where a migration starts a command itself.
   *
   * @throws {TypeError} not an instance of umzug 3
   */
  attachTo<Context extends object>(umzug: Umzug<Context>): void {
    const commands = umzug as unknown as Commands;
    if (typeof commands.runCommand !== 'function')
      throw new TypeError('UmzugLock needs an instance of umzug 3: this has no commands to lock.');
    commands.runCommand = this.#locks.withLock(
      (...[command]: Command) => (READERS.has(command) ? NO_LOCK : this.#name),
      commands.runCommand,
      // Not the registry's defaults: a command that was skipped would look as if nothing had been left to do.
      { ...this.#options, onBusy: 'wait', onLost: 'reject' },
    );
    umzug.on('migrating', stopWhereLost);
    umzug.on('reverting', stopWhereLost);
  }
}

/**
 * Umzug's `protected` seam for subclasses, through which every command goes. Its events would not do: one of another listener that throws before
 * a command leaves a lock that nobody gives back, `afterCommand` does not tell whether migrations failed, and an error of its own would replace theirs.
 */
interface Commands {
  runCommand: (this: Umzug, ...command: Command) => Promise<unknown>;
}

type Command = [command: string, run: (params: object) => Promise<unknown>];

const READERS: ReadonlySet<string> = new Set(['pending', 'executed', 'create']);

/** Umzug waits for it before each migration, in the async context of the command. */
function stopWhereLost(): void {
  currentLease()?.assertHeld();
}
