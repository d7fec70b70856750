import { setImmediate } from 'node:timers/promises';
import sinon from 'sinon';
import { endChildren } from './child.js';
import { stopMariadbSource } from './mariadb-source.js';
import { stopMssqlSource } from './mssql-source.js';
import { stopPostgresSource } from './postgres-source.js';

// Mocha by itself lets an unhandled rejection pass.
const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

async function refuseUnhandledRejections(): Promise<void> {
  // Node reports them after the microtasks of the turn: stay for it, so that the spec that caused one is the one that fails.
  await setImmediate();
  const [cause, ...more] = unhandled.splice(0);
  if (cause !== undefined) throw new Error(`Nobody handled a rejected promise (and ${more.length} more).`, { cause });
}

export const mochaHooks = {
  async afterEach(): Promise<void> {
    sinon.restore();
    await endChildren();
    await refuseUnhandledRejections();
  },
};

export async function mochaGlobalTeardown(): Promise<void> {
  await endChildren();
  await Promise.all([stopMariadbSource(), stopMssqlSource(), stopPostgresSource()]);
  await refuseUnhandledRejections();
}
