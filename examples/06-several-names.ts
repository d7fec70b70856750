// A transfer locks two accounts at once. Transfers in opposite directions do not block each other for ever: names are taken in one order.
import { setTimeout as sleep } from 'node:timers/promises';
import { LockRegistry, NO_LOCK, withLock } from 'sequelize-distributed-lock';
import { TemporaryDatabase } from './temporary-database.js';

await using database = await TemporaryDatabase.create();
await using registry = new LockRegistry(database.connect());
const balance = new Map([
  ['Ann', 100],
  ['Ben', 100],
  ['Cem', 100],
]);

async function move(from: string, to: string, amount: number): Promise<void> {
  const [before, after] = [balance.get(from) ?? 0, balance.get(to) ?? 0];
  await sleep(5); // somewhere else, somebody reads the same balances
  balance.set(from, before - amount);
  balance.set(to, after + amount);
}

const names = (from: string, to: string, amount: number) => (amount === 0 ? NO_LOCK : [`account:${from}`, `account:${to}`]);
const transfer = withLock(names, move, { registry });

async function tenOfEach(step: typeof move): Promise<string> {
  const rounds = Array.from({ length: 10 }, () => [step('Ann', 'Ben', 5), step('Ben', 'Cem', 5), step('Cem', 'Ann', 5)]);
  await Promise.all(rounds.flat());
  return [...balance].map(([name, amount]) => `${name} ${amount}`).join(', ');
}

console.log(`with locks:    ${await tenOfEach(transfer)}`);
await transfer('Ann', 'Ben', 0); // nothing to move, nothing to lock
console.log(`without locks: ${await tenOfEach(move)}`);
