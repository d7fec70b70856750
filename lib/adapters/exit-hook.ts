import { onExit } from 'signal-exit';

const endingSignals = new Set<string>(['SIGTERM', 'SIGINT', 'SIGHUP']);

/**
 * Runs `close` when a signal ends the process, which then ends by that signal, and when the process has nothing left to do.
 * Where the application handles a signal itself, closing is its own matter; `process.exit()` cannot wait.
 *
 * @returns a function that takes the hook away
 */
export function beforeProcessEnds(close: () => Promise<void>): () => void {
  const onIdle = () => void close();
  process.once('beforeExit', onIdle);
  const removeSignalHook = onExit((_code, signal) => {
    if (signal === null || !endingSignals.has(signal)) return undefined;
    void close().finally(() => process.kill(process.pid, signal));
    return true;
  });
  return () => {
    removeSignalHook();
    process.off('beforeExit', onIdle);
  };
}
