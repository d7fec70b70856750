/** What a worker is told about the database it works on. */
export interface Place {
  readonly url: string;
  /** The most connections it may use, where it has a pool; default: what the library itself sets out with. */
  readonly connections?: number;
}

/** A lock library as the scenarios use it. */
export interface Client {
  /** Waits until nobody else has the lock. */
  acquire(name: string): Promise<Release>;
  /** Closes nothing that is still in use. */
  close(): Promise<void>;
}

/** Lets go. Rejects where the lock was not the caller's any more. */
export type Release = () => Promise<void>;

/** Opens a client; what it needs in the database is there afterwards. */
export type Contender = (place: Place) => Promise<Client>;
