import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const given = new Set<number>();

/**
 * A free port below the range that outgoing connections are given, so that nobody takes it while the server is down. None is given twice: a
 * server may listen on it later than it asked.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (given.has(port)) continue;
    const probe = createServer().listen(port, '127.0.0.1');
    try {
      await once(probe, 'listening');
      given.add(port);
      return port;
    } catch {
      // taken: try another
    } finally {
      probe.close();
    }
  }
}
