import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect } from 'chai';
import { Census } from './census.js';

describe('Census', () => {
  it('finds nothing where all is as before', async () => {
    expect(await new Census().surplus()).to.deep.equal([]);
  });

  it('finds a socket, a timer and a listener that stay', async () => {
    const server = createServer().listen(0, '127.0.0.1').unref();
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const census = new Census();
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const timer = setTimeout(() => undefined, 60_000);
    const listener = () => undefined;
    process.on('SIGWINCH', listener);
    try {
      const found = await census.surplus();
      for (const what of ['TCPSocketWrap', 'Timeout', 'listeners of SIGWINCH']) expect(found.join()).to.include(what);
    } finally {
      socket.destroy();
      clearTimeout(timer);
      process.off('SIGWINCH', listener);
      server.close();
    }
  });
});
