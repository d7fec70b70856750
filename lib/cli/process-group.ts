/** Sends `signal` to all processes of a group. False where none is left. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch (error) {
    // EPERM: there are some, of another user's, and they cannot be reached.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
