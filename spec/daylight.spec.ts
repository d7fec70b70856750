import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { QueryTypes, type Sequelize } from 'sequelize';
import { LockRegistry } from '../lib/index.js';
import { connect } from './support/databases.js';
import { FakeTime, fakeTimeFolder } from './support/fake-time.js';
import { MariadbServer } from './support/mariadb-server.js';
import { PgServer } from './support/pg-server.js';
import { isRequired, unavailable } from './support/requirements.js';

const ZONE = 'America/New_York';
const TTL_MS = 3_000;
const BEFORE_MS = 1_500;

/** When the clocks of that zone change, and by how many hours. */
const CHANGES = [
  { title: 'forward in spring', at: Date.UTC(2026, 2, 8, 7), hours: 1 },
  { title: 'back in autumn', at: Date.UTC(2026, 10, 1, 6), hours: -1 },
];

/** The hours by which the server's local time is ahead of UTC. */
const OFFSET = {
  postgres: 'SELECT extract(timezone FROM clock_timestamp()) / 3600 AS hours',
  mariadb: `SELECT TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(), CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')) AS hours`,
};

const servers = {
  postgres: (env: NodeJS.ProcessEnv) => PgServer.create({}, env),
  mariadb: (env: NodeJS.ProcessEnv) => MariadbServer.create({}, { ...env, TZ: ZONE }),
};

for (const dialect of ['postgres', 'mariadb'] as const) {
  describe(`A lock while the server's clocks are put forward or back (${dialect})`, () => {
    let time: FakeTime | undefined;
    let server: PgServer | MariadbServer | undefined;
    let application: Sequelize | undefined;

    before(async function () {
      this.timeout(30_000); // a server that starts on a machine that may be busy
      if (!fakeTimeFolder) return unavailable(this, 'faketime', 'libfaketime is not installed');
      if (dialect === 'mariadb' && !MariadbServer.isInstalled() && !isRequired('mariadb'))
        return unavailable(this, 'mariadb', 'there is no mariadbd on this machine, whose clock could be set');
      time = new FakeTime();
      server = await servers[dialect](time.env(dialect === 'mariadb' ? 'threads' : 'one thread'));
      // Sequelize puts every session into its own zone: into this one on PostgreSQL, on MariaDB into an offset, and there the host's zone is put.
      application = connect(server.url(), dialect === 'postgres' ? { timezone: ZONE } : {});
    });
    after(async () => {
      await application?.close();
      await server?.remove();
      time?.remove();
    });

    for (const { title, at, hours } of CHANGES) {
      it(`${title}: lasts its ttl and no longer, and tokens go on growing`, async function () {
        this.timeout(20_000);
        this.slow(10_000);
        if (!time || !application) throw new Error('There is no server.');
        const sequelize = application;
        await using locks = new LockRegistry(sequelize);
        await using others = new LockRegistry(sequelize);
        const offset = async () =>
          Number((await sequelize.query<{ hours: unknown }>(OFFSET[dialect], { type: QueryTypes.SELECT }))[0]?.hours);

        time.set(at - BEFORE_MS - Date.now());
        const offsetBefore = await offset();
        const lease = await locks.acquire(title, { ttl: TTL_MS, renew: false });
        const seen = await others.inspect(title);
        expect(seen && seen.expiresAt.getTime() - seen.acquiredAt.getTime()).to.equal(TTL_MS);

        await sleep(BEFORE_MS + 100);
        expect((await offset()) - offsetBefore, 'the clocks were put').to.equal(hours);
        expect([lease.held, await others.tryAcquire(title)]).to.deep.equal([true, undefined]);

        const next = await others.acquire(title, { wait: '10s' });
        const afterMs = next.acquiredAt.getTime() - lease.acquiredAt.getTime();
        expect(afterMs).to.be.within(TTL_MS, TTL_MS + 5_000);
        expect(next.fencingToken).to.be.above(lease.fencingToken);
        await next.release();
      });
    }
  });
}
