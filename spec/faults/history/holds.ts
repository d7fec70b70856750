import { askKey, type EventOf, type LockEvent, ofKind } from './event.js';

/** The life of one lease, as its holder saw it. */
export interface Hold {
  readonly lock: string;
  readonly holder: string;
  readonly ask: number;
  readonly token: number;
  /** The ask was sent. */
  readonly sent: number;
  /** The grant was known. */
  readonly from: number;
  /** The deadline, renewals included. */
  readonly until: number;
  /** Belief ended: at the deadline, or before it when the release was sent, the loss was signalled or the holder died. */
  readonly to: number;
  /** When the release had been answered, and whether the lease had been kept until then. */
  readonly released: { readonly at: number; readonly kept: boolean } | undefined;
}

/** Every lease of a history, in the order of the grants. */
export function holdsIn(history: readonly LockEvent[]): Hold[] {
  const asks = new Map(ofKind(history, 'ask').map((event) => [askKey(event), event]));
  const deaths = new Map(ofKind(history, 'died').map(({ who, at }) => [who, at]));
  const lives = livesIn(history);
  return ofKind(history, 'granted').flatMap((grant) => {
    const asked = asks.get(askKey(grant));
    const life = lives.get(askKey(grant));
    if (!asked || !life) return [];
    const { until, ended, released } = life;
    const to = Math.min(until, ended, deaths.get(grant.who) ?? Infinity);
    const { who: holder, ask, token, at: from } = grant;
    return [{ lock: asked.lock, holder, ask, token, sent: asked.at, from, until, to, released }];
  });
}

interface Life {
  until: number;
  ended: number;
  released: Hold['released'];
}

function livesIn(history: readonly LockEvent[]): Map<string, Life> {
  const lives = new Map<string, Life>();
  for (const event of history) {
    if (event.kind === 'granted') lives.set(askKey(event), { until: event.until, ended: Infinity, released: undefined });
    else if (isOfLife(event)) live(lives.get(askKey(event)), event);
  }
  return lives;
}

type OfLife = EventOf<'renewed' | 'lost' | 'releasing' | 'released'>;

const isOfLife = (event: LockEvent): event is OfLife => ['renewed', 'lost', 'releasing', 'released'].includes(event.kind);

function live(life: Life | undefined, event: OfLife): void {
  if (!life) return;
  switch (event.kind) {
    case 'renewed':
      // A lease is never shortened by a renewal; `maxHold` is not used here.
      life.until = Math.max(life.until, event.until);
      break;
    case 'released':
      life.released = { at: event.at, kept: event.kept };
      break;
    case 'lost':
    case 'releasing':
      life.ended = Math.min(life.ended, event.at);
  }
}
