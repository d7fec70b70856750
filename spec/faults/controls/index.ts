import { library } from '../locks/library.js';
import type { LockOrders, TestedLock } from '../locks/tested-lock.js';
import { CheckThenSet } from './check-then-set.js';
import { ClientClock } from './client-clock.js';
import { CountedFromReply } from './counted-from-reply.js';
import { ReleaseByName } from './release-by-name.js';
import { ReleaseDeletes } from './release-deletes.js';
import { Sound } from './sound.js';
import { TokenFirst } from './token-first.js';
import { unfencedDialect } from './unfenced.js';

type Open = (orders: LockOrders) => TestedLock;

export const sound: Open = (orders) => new Sound(orders);
export const clientClock: Open = (orders) => new ClientClock(orders);
export const checkThenSet: Open = (orders) => new CheckThenSet(orders);
export const releaseDeletes: Open = (orders) => new ReleaseDeletes(orders);
export const releaseByName: Open = (orders) => new ReleaseByName(orders);
export const tokenFirst: Open = (orders) => new TokenFirst(orders);
export const countedFromReply: Open = (orders) => new CountedFromReply(orders);
export const unfenced: Open = (orders) => library(orders, unfencedDialect);
