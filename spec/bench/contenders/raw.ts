import pg from 'pg';
import type { Contender } from './contender.js';

/**
 * The floor: what a lock costs at least that is taken and given back durably. Two prepared statements on a table with the columns of this
 * library's and no index but the key, on the next free one of some connections; no waiting, no line, no deadlines.
 */
export const raw: Contender = async ({ url, connections = 1 }) => {
  const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString: url }));
  await Promise.all(clients.map((client) => client.connect()));
  await clients[0]?.query(CREATE);
  const query = firstFree(clients);
  let owners = 0;
  return {
    async acquire(name) {
      const owner = `${process.pid}-${owners++}`.padStart(32, '0');
      const taken = await query({ name: 'take', text: TAKE, values: [name, owner, 30_000, 'host, process and program', ''] });
      if (taken.rows.length !== 1) throw new Error(`${name} is held: the floor does not wait.`);
      return async () => {
        const freed = await query({ name: 'free', text: FREE, values: [name, owner] });
        if (freed.rowCount !== 1) throw new Error(`${name} was not held.`);
      };
    },
    async close() {
      await Promise.all(clients.map((client) => client.end()));
    },
  };
};

/** The least that a pool must do. */
function firstFree(clients: readonly pg.Client[]): (query: pg.QueryConfig) => Promise<pg.QueryResult> {
  const free = [...clients];
  const waiting: ((client: pg.Client) => void)[] = [];
  return async (query) => {
    const client = free.pop() ?? (await new Promise<pg.Client>((resolve) => waiting.push(resolve)));
    try {
      return await client.query(query);
    } finally {
      const next = waiting.shift();
      if (next) next(client);
      else free.push(client);
    }
  };
}

const CREATE = `CREATE TABLE IF NOT EXISTS bench_floor (
  name text COLLATE "C" PRIMARY KEY, owner text COLLATE "C", token bigint NOT NULL, token_top bigint NOT NULL, acquired_at bigint NOT NULL,
  expires_at bigint NOT NULL, released_at bigint, holder text NOT NULL, label text NOT NULL, line text COLLATE "C" NOT NULL,
  line_until bigint NOT NULL, revoked boolean NOT NULL) WITH (fillfactor = 50)`;

const TAKE = `
  INSERT INTO bench_floor AS l (name, owner, token, token_top, acquired_at, expires_at, holder, label, line, line_until, revoked)
  SELECT $1, $2, c.us, c.us, c.us / 1000, c.us / 1000 + $3::bigint, $4, $5, '', 0, false
  FROM (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us) c
  ON CONFLICT (name) DO UPDATE SET
    owner = excluded.owner, token = greatest(l.token + 1, excluded.token), token_top = greatest(l.token + 1, excluded.token),
    acquired_at = excluded.acquired_at, expires_at = excluded.expires_at, released_at = NULL, holder = excluded.holder, label = excluded.label
  WHERE l.expires_at <= excluded.acquired_at
  RETURNING token, acquired_at, expires_at`;

const FREE = `
  UPDATE bench_floor SET owner = NULL, expires_at = 0, released_at = floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
  WHERE name = $1 AND owner = $2`;
