import type { World } from './world.js';

/**
 * A clock before the server's own: `clock_timestamp()` of every session that starts from now on in this database. The machine's clock stays
 * as it is, so nothing but what reads the time in SQL sees the jumps.
 */
export const FAKE_CLOCK = `
  CREATE SCHEMA fake;
  CREATE TABLE fake.clock (ahead interval NOT NULL);
  INSERT INTO fake.clock VALUES ('0');
  CREATE FUNCTION fake.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$ SELECT pg_catalog.clock_timestamp() + ahead FROM fake.clock $$;
  DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, fake, pg_catalog', current_database()); END $$`;

/** Puts it into a trial's database, where the server's own cannot be set. */
export async function replaceDatabaseClock({ scene }: World): Promise<void> {
  if (!scene.setClock) await scene.query(FAKE_CLOCK);
}

/** Sets the database's clock so far ahead of, or behind, the real one. */
export async function setDatabaseClock(world: World, aheadMs: number): Promise<void> {
  world.fault(`database clock ${aheadMs} ms ahead`);
  if (world.scene.setClock) return world.scene.setClock(aheadMs);
  await world.scene.query(`UPDATE fake.clock SET ahead = make_interval(secs => ${aheadMs / 1_000})`);
}
