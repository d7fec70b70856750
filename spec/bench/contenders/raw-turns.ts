import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Contender, Release } from './contender.js';

/** As long as this library keeps a lock by default while another process waits. */
const TURN_MS = 20;

/**
 * The floor of a lock that everybody wants: what it costs at least to pass one round. Who had it for a turn names the next in one prepared
 * statement, which need not be on the disk, and wakes it; that one makes sure in another, which must be, and begins. Callers of a process
 * follow each other without a statement. No deadlines, nothing for the dead, and a table with the columns that this takes.
 */
export const rawTurns: Contender = async ({ url }) => {
  const me = `turn_${randomUUID()}`;
  const [client, listener] = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })];
  await Promise.all([client.connect(), listener.connect()]);
  await client.query(CREATE);
  const rounds = new Map<string, Round>();
  listener.on('notification', ({ payload = '' }) => void rounds.get(payload)?.woken());
  await listener.query(`LISTEN "${me}"`);
  return {
    acquire(name) {
      let round = rounds.get(name);
      if (!round) rounds.set(name, (round = new Round(client, name, me)));
      return round.enter();
    },
    async close() {
      await Promise.all([client.end(), listener.end()]);
    },
  };
};

/** The callers of this process for one lock, and its place in the round. */
class Round {
  readonly #callers: ((release: Release) => void)[] = [];
  #place: 'outside' | 'in line' | 'mine' = 'outside';
  #inside = false;
  #untilMs = 0;

  constructor(
    private readonly client: pg.Client,
    private readonly name: string,
    private readonly me: string,
  ) {}

  enter(): Promise<Release> {
    const entered = new Promise<Release>((resolve) => this.#callers.push(resolve));
    if (this.#place === 'outside') void this.#join();
    else if (this.#place === 'mine' && !this.#inside) this.#next();
    return entered;
  }

  async woken(): Promise<void> {
    const { rowCount } = await this.client.query({ name: 'begin', text: BEGIN, values: [this.name, this.me] });
    if (rowCount !== 1) throw new Error(`${this.name} was given to somebody else.`);
    this.#begin();
  }

  async #join(): Promise<void> {
    this.#place = 'in line';
    const { rows } = await this.client.query<{ mine: boolean }>({ name: 'join', text: JOIN, values: [this.name, this.me] });
    if (rows[0]?.mine) this.#begin();
  }

  #begin(): void {
    this.#place = 'mine';
    this.#untilMs = performance.now() + TURN_MS;
    this.#next();
  }

  #next(): void {
    const caller = this.#callers.shift();
    if (!caller) return void this.#passOn();
    this.#inside = true;
    caller(() => this.#leave());
  }

  async #leave(): Promise<void> {
    this.#inside = false;
    if (performance.now() < this.#untilMs) this.#next();
    else await this.#passOn();
  }

  /** Stays in the round while somebody here still wants it. */
  async #passOn(): Promise<void> {
    const staying = this.#callers.length > 0;
    this.#place = staying ? 'in line' : 'outside';
    await this.client.query({ name: 'pass', text: PASS, values: [this.name, this.me, staying] });
  }
}

const CREATE = `CREATE TABLE IF NOT EXISTS bench_turns (
  name text COLLATE "C" PRIMARY KEY, owner text COLLATE "C", line text[] NOT NULL, token bigint NOT NULL, expires_at bigint NOT NULL
) WITH (fillfactor = 50)`;

const NOW = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

const JOIN = `
  INSERT INTO bench_turns AS l (name, owner, line, token, expires_at) VALUES ($1, $2, '{}', 1, ${NOW} + 30000)
  ON CONFLICT (name) DO UPDATE SET
    owner = coalesce(l.owner, excluded.owner), line = CASE WHEN l.owner IS NULL THEN l.line ELSE l.line || excluded.owner END
  RETURNING owner = $2 AS mine`;

const BEGIN = `UPDATE bench_turns SET expires_at = ${NOW} + 30000 WHERE name = $1 AND owner = $2`;

// A process that is alone in the round names itself, and is woken like everybody else.
const LINE = 'CASE WHEN $3::boolean THEN l.line || $2::text ELSE l.line END';
const PASS = `
  UPDATE bench_turns l SET owner = (${LINE})[1], line = (${LINE})[2:], token = token + 1
  FROM (SELECT set_config('synchronous_commit', 'off', true) AS commits OFFSET 0) c
  WHERE l.name = $1 AND l.owner = $2
  RETURNING CASE WHEN l.owner IS NOT NULL THEN pg_notify(l.owner, l.name) END`;
