/** What a worker is started with. */
export interface Order {
  readonly url: string;
  readonly table: string;
  readonly ttlMs: number;
}

/** What a worker tells. `atMs` is the time of {@link nowMs}. */
export type Report =
  | { readonly kind: 'waits'; readonly atMs: number }
  | { readonly kind: 'enters'; readonly atMs: number; readonly token: number; readonly stays: boolean }
  | { readonly kind: 'leaves'; readonly atMs: number };

/** What a worker is told: to stay in its next entry until it is killed, or to come to an end. */
export type Command = 'stay' | 'stop';

/** CLOCK_MONOTONIC: one clock for all processes of this host, so that their times can be compared. */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
