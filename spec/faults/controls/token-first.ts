import { randomUUID } from 'node:crypto';
import { NOW, Sound, type Taken } from './sound.js';

/** Draws its token from a sequence before it has the row. */
export class TokenFirst extends Sound {
  protected override async take(lock: string): Promise<Taken | undefined> {
    const [owner, sent] = [randomUUID(), performance.now()];
    const drawn = await this.tokenOf(`SELECT nextval('control_token') AS token`, []);
    const token = await this.tokenOf(
      `UPDATE control SET owner = $2, token = $4, expires_at = ${NOW} + $3 WHERE name = $1 AND expires_at <= ${NOW} RETURNING token`,
      [lock, owner, this.ttlMs, drawn],
    );
    return token === undefined ? undefined : { owner, token, until: sent + this.ttlMs };
  }
}
