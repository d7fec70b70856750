// A method that runs one at a time for each order, over all replicas of the service.
import { setTimeout as sleep } from 'node:timers/promises';
import { currentLease, Locked, LockRegistry } from 'sequelize-distributed-lock';
import { TemporaryDatabase } from './temporary-database.js';

class Orders {
  // @Locked finds the registry in the property `locks`; without one it takes that of configureLocks().
  constructor(
    readonly replica: string,
    readonly locks: LockRegistry,
  ) {}

  @Locked((id: string) => `order:${id}`)
  async ship(id: string): Promise<string> {
    console.log(`${this.replica} ships ${id} …`);
    await sleep(400);
    console.log(`${this.replica} has shipped ${id}`);
    return `${id} went out under token ${currentLease()?.fencingToken}`;
  }
}

await using database = await TemporaryDatabase.create();
await using one = new LockRegistry(database.connect());
await using other = new LockRegistry(database.connect());
const [first, second] = [new Orders('replica 1', one), new Orders('replica 2', other)];

// Both ship A: one after the other. B is another lock and goes its own way.
const receipts = await Promise.all([first.ship('A'), second.ship('A'), second.ship('B')]);
for (const receipt of receipts) console.log(receipt);
