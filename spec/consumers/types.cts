import { Sequelize } from 'sequelize';
import { EXECUTION_SKIPPED, Locked, LockRegistry, withLock } from 'sequelize-distributed-lock';

const locks: LockRegistry = new LockRegistry(new Sequelize('sqlite::memory:'), { ttl: '30s' });
const skipping = withLock('nightly', async (day: number) => String(day), { onBusy: 'skip', registry: locks });
export const result: string | typeof EXECUTION_SKIPPED = EXECUTION_SKIPPED;
// @ts-expect-error The parameters are those of the wrapped function.
void skipping('1');

export class Orders {
  @Locked((id: string) => `order:${id}`)
  async ship(id: string): Promise<string> {
    return id;
  }
}
