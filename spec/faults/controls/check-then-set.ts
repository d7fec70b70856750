import { randomUUID } from 'node:crypto';
import { NOW, Sound, type Taken } from './sound.js';

/** Looks whether the lock is free, and then takes it. */
export class CheckThenSet extends Sound {
  protected override async take(lock: string): Promise<Taken | undefined> {
    const { rowCount } = await this.pool.query(`SELECT FROM control WHERE name = $1 AND expires_at <= ${NOW}`, [lock]);
    if (rowCount === 0) return undefined;
    const [owner, sent] = [randomUUID(), performance.now()];
    const token = await this.tokenOf(
      `UPDATE control SET owner = $2, token = token + 1, expires_at = ${NOW} + $3 WHERE name = $1 RETURNING token`,
      [lock, owner, this.ttlMs],
    );
    return token === undefined ? undefined : { owner, token, until: sent + this.ttlMs };
  }
}
