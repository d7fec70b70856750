import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import pg from 'pg';
import { LockRegistry, LockStoreError, noRetry } from '../../lib/index.js';
import { connect } from '../support/databases.js';
import { failureOf } from '../support/outcome.js';

/** A message of PostgreSQL's protocol. */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

const authenticated = message('R', Buffer.from([0, 0, 0, 0]));
const ready = message('Z', Buffer.from('I'));
const crashing = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0'));

describe('A server that says in one packet that it is ready and that it shuts down', () => {
  let server: Server;
  let url: string;

  before(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(Buffer.concat([authenticated, ready, crashing])));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A server that listens on TCP has such an address.
    url = `postgres://postgres@127.0.0.1:${(server.address() as AddressInfo).port}/postgres`;
  });
  after(() => server.close());

  const sources = { Sequelize: () => connect(url), 'a pool': () => new pg.Pool({ connectionString: url }) };
  for (const [title, source] of Object.entries(sources)) {
    it(`fails the statement and not the process, through ${title}`, async () => {
      const locks = new LockRegistry(source(), { retry: noRetry() });
      expect((await failureOf(locks.tryAcquire('x'), LockStoreError)).outcomeUnknown).to.equal(false);
      await locks.close({ grace: 0 });
    });
  }
});
