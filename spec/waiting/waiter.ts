import { LockRegistry } from '../../lib/index.js';
import { connect } from '../support/databases.js';
import { hear, tell } from '../support/parent.js';

/** A process that waits for one lock when told to, says when it has it, and keeps it as long as it is told. */
const [url = '', name = '', holdMs = '0', ttl = '1000'] = process.argv.slice(2);
const locks = new LockRegistry(connect(url), { ttl: Number(ttl) });

// The first statement of a registry finds out about the table and opens a connection; that is no part of waiting.
await locks.inspect(name);
await tell('ready');
await hear();
const lease = await locks.acquire(name);
await tell({ token: lease.fencingToken });
if (holdMs !== 'for ever') {
  await new Promise((resolve) => setTimeout(resolve, Number(holdMs)));
  await lease.release();
  await locks.close();
} else {
  setInterval(() => undefined, 1_000);
}
