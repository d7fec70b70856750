/** A time in which a worker believed that it had the lock, and worked. */
export interface Entry {
  readonly worker: number;
  readonly token: number;
  readonly waitedMs: number;
  readonly enteredMs: number;
  /** When it left, or was killed. */
  readonly leftMs: number;
}

export interface Kill {
  readonly worker: number;
  readonly atMs: number;
}

export interface Verdict {
  /** Two workers at one time: the pair is the proof. */
  readonly overlaps: readonly (readonly [Entry, Entry])[];
  /** Entries whose token is not above the token of the entry before. */
  readonly setbacks: readonly Entry[];
  /** From the kill to the next entry; `undefined` where there was none. */
  readonly takenOverMs: number | undefined;
  readonly longestWaitMs: number;
  /** All that is wrong, in sentences; empty where the lock did what it should. */
  readonly faults: readonly string[];
}

/** Judges what happened. All times come from one clock, so that intervals can be compared. */
export function judge(history: readonly Entry[], workers: readonly number[], kill: Kill | undefined): Verdict {
  const entries = [...history].sort((one, other) => one.enteredMs - other.enteredMs);
  const overlaps = overlapsIn(entries);
  const setbacks = entries.filter(({ token }, at) => at > 0 && token <= (entries[at - 1]?.token ?? 0));
  const successor = kill && entries.find(({ enteredMs }) => enteredMs >= kill.atMs);
  const idle = workers.filter((worker) => !entries.some((entry) => entry.worker === worker));
  return {
    overlaps,
    setbacks,
    takenOverMs: kill && successor && successor.enteredMs - kill.atMs,
    longestWaitMs: Math.max(0, ...entries.map(({ waitedMs }) => waitedMs)),
    faults: [
      ...overlaps.map(
        ([one, other]) => `Workers ${one.worker} and ${other.worker} were inside at one time (tokens ${one.token}, ${other.token}).`,
      ),
      ...setbacks.map(({ worker, token }) => `Worker ${worker} got token ${token}, which is not above the one before.`),
      ...idle.map((worker) => `Worker ${worker} never got the lock.`),
      ...(wasInside(entries, kill) ? [] : ['Nobody was killed in mid-work.']),
      ...(kill && !successor ? ['Nobody took the lock over after the kill.'] : []),
    ],
  };
}

function overlapsIn(entries: readonly Entry[]): [Entry, Entry][] {
  return entries.flatMap((one, at) =>
    entries.slice(at + 1).flatMap((other): [Entry, Entry][] => (other.enteredMs < one.leftMs ? [[one, other]] : [])),
  );
}

const wasInside = (entries: readonly Entry[], kill: Kill | undefined) =>
  entries.some(({ worker, enteredMs, leftMs }) => worker === kill?.worker && enteredMs < kill.atMs && leftMs === kill.atMs);
