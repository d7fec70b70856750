import { Sound } from './sound.js';

/** Frees the lock whoever has it by now. */
export class ReleaseByName extends Sound {
  protected override async free(lock: string): Promise<boolean> {
    const { rowCount } = await this.pool.query('UPDATE control SET owner = NULL, expires_at = 0 WHERE name = $1', [lock]);
    return rowCount === 1;
  }
}
