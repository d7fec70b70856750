import { onExit } from 'signal-exit';

const endingSignals = new Set<string>(['SIGTERM', 'SIGINT', 'SIGHUP']);

type Close = () => Promise<void>;

/** Everything in this process that is to be closed, and what takes the one hook for it away. */
interface Ending {
  readonly closers: Set<Close>;
  unhook: (() => void) | undefined;
}

// One for all copies of the package: the first of several hooks to be done would end the process under the others.
const endingKey = Symbol.for('sequelize-distributed-lock.ending');
const shared = globalThis as { [endingKey]?: Ending | undefined };

/**
 * Runs `close` when a signal ends the process, which then ends by that signal, and when the process has nothing left to do.
 * Where the application handles a signal itself, closing is its own matter; `process.exit()` cannot wait.
 *
 * @returns a function that takes the hook away
 */
export function beforeProcessEnds(close: Close): () => void {
  const ending = (shared[endingKey] ??= { closers: new Set(), unhook: undefined });
  ending.closers.add(close);
  ending.unhook ??= hook(ending.closers);
  return () => {
    ending.closers.delete(close);
    if (ending.closers.size > 0) return;
    ending.unhook?.();
    ending.unhook = undefined;
  };
}

function hook(closers: ReadonlySet<Close>): () => void {
  const closeAll = () => Promise.allSettled([...closers].map((close) => close()));
  const onIdle = () => void closeAll();
  process.once('beforeExit', onIdle);
  const removeSignalHook = onExit((_code, signal) => {
    if (signal === null || !endingSignals.has(signal)) return undefined;
    void closeAll().then(() => process.kill(process.pid, signal));
    return true;
  });
  return () => {
    removeSignalHook();
    process.off('beforeExit', onIdle);
  };
}
