import type { ConnectionSource } from '../contracts/driver.js';
import { listeningFromTheStart } from './early-errors.js';

/** A `pg.Pool`, by shape: the package is optional. */
export interface PgPool {
  readonly options: object;
  readonly idleCount: number;
  query(text: string): Promise<unknown>;
}

/** What a pool has beside; the types of `pg` do not show it. */
interface ClientClass {
  readonly Client: new (options: object) => PgClient;
}

interface PgClient {
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
  end(): Promise<void>;
}

/** True for a `pg.Pool`. */
export function isPgPool(value: unknown): value is PgPool {
  const pool = value as Partial<PgPool & ClientClass> | null;
  return (
    typeof pool === 'object' &&
    pool !== null &&
    typeof pool.Client === 'function' &&
    typeof pool.query === 'function' &&
    typeof pool.options === 'object'
  );
}

/** Connections with a pool's own settings, outside that pool. */
export function pgPoolSource(pool: PgPool): ConnectionSource {
  const Client = listeningFromTheStart((pool as PgPool & ClientClass).Client);
  return {
    async open() {
      const client = new Client(pool.options);
      await client.connect();
      return client;
    },
    close: (connection) => (connection as PgClient).end(),
  };
}
