import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { LockRegistry } from '../../../lib/index.js';
import { connect } from '../../support/databases.js';

// Not part of any run: `npx tsx spec/faults/defects/early-error.ts` ends with an uncaught exception.
//
// A server that says «ready» and, in the same packet, that it shuts down, which is what a client sees that connects while the server
// crashes. Sequelize 6.37 (dialects/postgres/connection-manager.js, `connect`) listens for errors only after the promise of the connection
// was awaited, one turn too late; `pg` emits the error at once, and nobody listens. A registry's connections are opened that way.

/** A message of PostgreSQL's protocol. */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

const authenticated = message('R', Buffer.from([0, 0, 0, 0]));
const ready = message('Z', Buffer.from('I'));
const crashing = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0'));

const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => socket.end(Buffer.concat([authenticated, ready, crashing])));
}).listen(0, '127.0.0.1');
await once(server, 'listening');
// A server that listens on TCP has such an address.
const { port } = server.address() as AddressInfo;

const locks = new LockRegistry(connect(`postgres://postgres@127.0.0.1:${port}/postgres`));
await locks.tryAcquire('x').catch((error: unknown) => console.log(`as it should be: ${String(error)}`));
await locks.close();
server.close();
