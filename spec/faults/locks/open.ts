import * as controls from '../controls/index.js';
import { library } from './library.js';
import type { LockOrders, TestedLock } from './tested-lock.js';

/** The name of a lock under test. */
export type LockKind = 'library' | keyof typeof controls;

/** Opens the library or a control. */
export function openLock(kind: LockKind, orders: LockOrders): TestedLock {
  return kind === 'library' ? library(orders) : controls[kind](orders);
}
