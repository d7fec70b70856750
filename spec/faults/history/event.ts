/** What a participant or the director wrote down. Times are CLOCK_MONOTONIC in milliseconds: one clock for all processes of the host. */
export type LockEvent = Facts & {
  /** Taken before what is sent, and after what arrived. */
  readonly at: number;
  /** A worker's name, or `director`. */
  readonly who: string;
};

/** An ask is known by its number and who asked; what became of its lease carries the same number. */
export type Facts =
  /** About to ask; must have settled within `limitMs`. `tries`: asks once and does not stand in line. */
  | { readonly kind: 'ask'; readonly ask: number; readonly lock: string; readonly tries: boolean; readonly limitMs: number }
  | { readonly kind: 'granted'; readonly ask: number; readonly token: number; readonly until: number }
  | { readonly kind: 'busy'; readonly ask: number }
  | { readonly kind: 'failed'; readonly ask: number; readonly error: string }
  | { readonly kind: 'renewed'; readonly ask: number; readonly until: number }
  /** The signal aborted. */
  | { readonly kind: 'lost'; readonly ask: number; readonly reason: string }
  | { readonly kind: 'releasing'; readonly ask: number; readonly limitMs: number }
  /** `kept`: it had not been lost before. */
  | { readonly kind: 'released'; readonly ask: number; readonly kept: boolean }
  /** What the lease said of itself at this moment. */
  | { readonly kind: 'seen'; readonly ask: number; readonly held: boolean; readonly aborted: boolean }
  /** Whether the row was the lease's, looked at while the lease said `held` both before and after. */
  | { readonly kind: 'row'; readonly ask: number; readonly ours: boolean }
  /** The answer to a guarded write. `held`: what the lease said after it. */
  | { readonly kind: 'written'; readonly ask: number; readonly accepted: boolean; readonly held: boolean }
  /** A guarded write that counted, as the ledger has it. */
  | { readonly kind: 'accepted'; readonly sequence: number; readonly lock: string; readonly token: number; readonly value: number }
  /** A timer came so much too late: the process, or the machine, was busy or away. */
  | { readonly kind: 'late'; readonly ms: number }
  /** Nobody handled it. */
  | { readonly kind: 'stray'; readonly error: string }
  /** A body threw one error and its caller got another one. */
  | { readonly kind: 'replaced'; readonly thrown: string; readonly got: string }
  | { readonly kind: 'closing' }
  /** There was more of it when all was closed than in the beginning. */
  | { readonly kind: 'left'; readonly what: string }
  /** `clean`: by itself and with code 0. */
  | { readonly kind: 'exited'; readonly clean: boolean }
  | { readonly kind: 'died' }
  /** Something was done to the system, or to one of its parts. */
  | { readonly kind: 'fault'; readonly what: string; readonly victim?: string }
  /** From here on the lock must be granted again within `limitMs`. */
  | { readonly kind: 'over'; readonly what: string; readonly lock: string; readonly limitMs: number };

export type Kind = Facts['kind'];
export type EventOf<K extends Kind> = Extract<LockEvent, { readonly kind: K }>;

/** All events of one kind, in the order of the history. */
export function ofKind<K extends Kind>(history: readonly LockEvent[], kind: K): EventOf<K>[] {
  return history.filter((event): event is EventOf<K> => event.kind === kind);
}

/** The name of an ask over all who ask. */
export const askKey = ({ who, ask }: { readonly who: string; readonly ask: number }) => `${who} #${ask}`;
