import { randomUUID } from 'node:crypto';
import { NOW, Sound, type Taken } from './sound.js';

/** Frees by deleting the row, and the count of its tokens with it. */
export class ReleaseDeletes extends Sound {
  protected override async take(lock: string): Promise<Taken | undefined> {
    const [owner, sent] = [randomUUID(), performance.now()];
    const token = await this.tokenOf(
      `INSERT INTO control AS l VALUES ($1, $2, 1, ${NOW} + $3)
       ON CONFLICT (name) DO UPDATE SET owner = $2, token = l.token + 1, expires_at = ${NOW} + $3 WHERE l.expires_at <= ${NOW} RETURNING token`,
      [lock, owner, this.ttlMs],
    );
    return token === undefined ? undefined : { owner, token, until: sent + this.ttlMs };
  }

  protected override async free(lock: string, { owner }: Taken): Promise<boolean> {
    const { rowCount } = await this.pool.query('DELETE FROM control WHERE name = $1 AND owner = $2', [lock, owner]);
    return rowCount === 1;
  }
}
