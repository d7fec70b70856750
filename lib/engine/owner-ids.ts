import { randomUUID } from 'node:crypto';
import { OWNER_ID_LENGTH } from '../contracts/line.js';

const HALF = OWNER_ID_LENGTH / 2;

/**
 * Makes owner ids: the registry's half, by which its waiters can be reached, then a half that is fresh for every ask.
 * An id is never used for a second ask: an old statement that runs late must not act for a new one.
 */
export class OwnerIds {
  /** The first half of every id of this registry. */
  readonly registry: string;

  constructor(registry: string) {
    this.registry = registry;
  }

  next(): string {
    return this.registry + half();
  }
}

/** A registry's half. Its first letter says whether somebody listens for it. */
export const registryId = (listens: boolean) => (listens ? 'n' : 'p') + half().slice(1);

/** 64 random bits in 16 letters: both ends of a UUID, between which its version stands. Node draws UUIDs in bulk, which random bytes are not. */
function half(): string {
  const uuid = randomUUID();
  return uuid.slice(0, HALF / 2) + uuid.slice(-HALF / 2);
}
