import { randomBytes } from 'node:crypto';
import { OWNER_ID_LENGTH } from '../contracts/line.js';

const HALF = OWNER_ID_LENGTH / 2;

/**
 * Makes owner ids: the registry's half, by which its waiters can be reached, then a half that is fresh for every ask.
 * An id is never used for a second ask: an old statement that runs late must not act for a new one.
 */
export class OwnerIds {
  /** The first half of every id of this registry. Its first letter says whether somebody listens there for notifications. */
  readonly registry: string;

  constructor(listens: boolean) {
    this.registry = (listens ? 'n' : 'p') + hex(HALF).slice(1);
  }

  next(): string {
    return this.registry + hex(HALF);
  }
}

const hex = (length: number) => randomBytes(length / 2).toString('hex');
