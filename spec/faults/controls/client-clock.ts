import { randomUUID } from 'node:crypto';
import { Sound, type Taken } from './sound.js';

/** Judges expiry by the clock of the process that asks. */
export class ClientClock extends Sound {
  protected override async take(lock: string): Promise<Taken | undefined> {
    const [owner, sent, now] = [randomUUID(), performance.now(), Math.round(Date.now() + this.skewMs)];
    const token = await this.tokenOf(
      'UPDATE control SET owner = $2, token = token + 1, expires_at = $3 WHERE name = $1 AND expires_at <= $4 RETURNING token',
      [lock, owner, now + this.ttlMs, now],
    );
    return token === undefined ? undefined : { owner, token, until: sent + this.ttlMs };
  }
}
