import { crash } from '../support/crash.js';
import { ALL, type Fault } from '../support/fault.js';

const TOLERANCE_MS = 1_000;
/** PgBouncer does not try to connect again for so long after a failure (`server_login_retry`), whoever asks. */
const POOLER_MS = 16_000;

/** The server is killed and comes back, at once or later than every lease. */
export const fault: Fault = {
  id: 'F14',
  title: 'server killed, back after 0, 1/2 and 2 ttls',
  databases: ['postgres', 'pgbouncer', 'mariadb', 'mysql'],
  criteria: ALL,
  smoke: true,

  async inject(world) {
    const pooled = world.kind === 'pgbouncer';
    for (const ttls of pooled ? [0] : [0, 0.5, 2]) {
      world.fault(`server away for ${ttls} ttls`);
      await crash(world.scene.server, world.ttlMs * ttls);
      world.over('server crash', pooled ? POOLER_MS : TOLERANCE_MS);
      await world.grants(2, 30_000);
    }
  },
};
