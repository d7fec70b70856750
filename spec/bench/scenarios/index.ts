import type { Scenario } from '../scenario.js';
import { freeLock } from './free-lock.js';
import { freeLocks } from './free-locks.js';
import { manyNames } from './many-names.js';
import { memory } from './memory.js';
import { oneProcess } from './one-process.js';
import { processes } from './processes.js';
import { sqliteContest } from './sqlite-contest.js';
import { sqliteWaiting } from './sqlite-waiting.js';
import { waiters } from './waiters.js';

/** All scenarios, by the name that `--only` takes. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  'free-lock': freeLock,
  'free-locks': freeLocks,
  'one-process': oneProcess,
  processes,
  waiters,
  'many-names': manyNames,
  'sqlite-contest': sqliteContest,
  'sqlite-waiting': sqliteWaiting,
  memory,
};
