import type { OpenConnection } from '../../lib/contracts/session.js';
import type { WakerContext } from '../../lib/contracts/waker.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';

/** A connection on which somebody listens. */
export interface ListeningConnection {
  readonly hear: (payload: string) => void;
  readonly breaks: () => void;
  open: boolean;
}

/** What a waker works with, in the hands of a spec. */
export class FakeWakerContext implements WakerContext {
  readonly registry = 'n123456789abcdef';
  readonly clock = new ManualClock();
  /** Every connection that was ever opened. */
  readonly connections: ListeningConnection[] = [];
  /** What was sent from another connection. */
  readonly notified: string[] = [];
  readonly woken: (string | undefined)[] = [];
  readonly changes: boolean[] = [];
  /** False: as behind a transaction pooler. */
  delivers = true;
  /** Runs before a connection is open, and may reject. */
  opening: () => Promise<void> = () => Promise.resolve();
  /** Breaks the connection that is being opened. */
  breaksEarly: () => void = () => undefined;
  /** Runs before a notification is sent, and may reject. */
  sending: () => Promise<void> = () => Promise.resolve();

  /** The connections that are open now. */
  get open(): ListeningConnection[] {
    return this.connections.filter(({ open }) => open);
  }

  get connection(): ListeningConnection {
    const [connection, ...more] = this.open;
    if (!connection || more.length > 0) throw new Error(`${this.open.length} connections are open.`);
    return connection;
  }

  /** As the server would: to whoever listens. */
  deliver(payload: string): void {
    for (const connection of this.open) connection.hear(payload);
  }

  readonly listen = async (heard: (payload: string) => void, broken: () => void): Promise<OpenConnection> => {
    this.breaksEarly = broken;
    await this.opening();
    const connection: ListeningConnection = { hear: heard, breaks: () => ((connection.open = false), broken()), open: true };
    this.connections.push(connection);
    return { close: () => (connection.open = false) };
  };

  readonly notify = async (payload: string): Promise<void> => {
    await this.sending();
    this.notified.push(payload);
    if (this.delivers) this.deliver(payload);
  };

  readonly wake = (owner: string | undefined) => void this.woken.push(owner);

  readonly changed = (available: boolean) => void this.changes.push(available);
}

/** The same on a server that cannot notify. */
export const withoutListening = ({ registry, clock, notify, wake, changed }: WakerContext): WakerContext => ({
  ...{ registry, clock, notify, wake, changed },
  listen: undefined,
});
