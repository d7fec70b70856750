import { Sound, type Taken } from './sound.js';

/** Believes in its lease for a ttl from the moment at which the answer was here. */
export class CountedFromReply extends Sound {
  protected override async take(lock: string): Promise<Taken | undefined> {
    const taken = await super.take(lock);
    return taken && { ...taken, until: performance.now() + this.ttlMs };
  }
}
