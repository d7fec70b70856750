import { setTimeout as sleep } from 'node:timers/promises';
import type { TestServer } from './scene.js';

const TRIES = 20;
const PAUSE_MS = 100;

/** Kills a server as a crash would, and starts it again after so long on the same port and data. */
export async function crash(server: TestServer | undefined, awayMs = 0): Promise<void> {
  await server?.kill();
  await sleep(awayMs);
  for (let tries = 1; ; tries++) {
    try {
      return await server?.start();
    } catch (error) {
      // It does not start while a session of the one before is still there, and that takes a moment to notice that it is an orphan.
      if (tries === TRIES) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
