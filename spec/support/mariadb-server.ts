import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { once } from 'node:events';
import { freePort } from './free-port.js';
import { type Launch, ServerHome } from './server-home.js';

/** Settings of `mariadbd`, by name. */
export type MariadbSettings = Readonly<Record<string, string | number>>;

// A node of a cluster may have to fetch all data from another one first.
const START_TIMEOUT_MS = 60_000;
const GREETS_WITHIN_MS = 1_000;
const FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/opt/homebrew/bin', ...(process.env.PATH ?? '').split(delimiter)];

// Nothing here outlives the machine's power; a killed server loses what it had not yet handed to the operating system all the same.
const DEFAULTS: MariadbSettings = {
  'bind-address': '127.0.0.1',
  'skip-name-resolve': 1,
  'innodb-buffer-pool-size': '64M',
  'innodb-log-file-size': '8M',
  'innodb-flush-log-at-trx-commit': 2,
  'performance-schema': 0,
  'max-connections': 400,
  // What a client did wrong is not in the server's own log.
  'plugin-load-add': 'sql_errlog',
};

/** Its client ended without a farewell, as one does that has nothing left to do. */
const GONE = 'ERROR 1158:';

/** A MariaDB server of one's own in a temporary folder, from the binaries that are on this machine. */
export class MariadbServer {
  readonly port: number;
  readonly #home: ServerHome;
  readonly #settings: MariadbSettings;

  private constructor(home: ServerHome, port: number, settings: MariadbSettings) {
    this.#home = home;
    this.port = port;
    this.#settings = { ...DEFAULTS, ...settings };
  }

  static isInstalled(): boolean {
    return found('mariadbd') !== undefined;
  }

  /** Makes a data folder and starts its server (about 1 s). Rejects where there are no binaries. */
  static async create(settings: MariadbSettings = {}, env: NodeJS.ProcessEnv = {}): Promise<MariadbServer> {
    const server = await MariadbServer.prepare(settings, env);
    await server.start();
    return server;
  }

  /** Makes a data folder, whose server is not started yet. Rejects where there are no binaries. */
  static async prepare(settings: MariadbSettings = {}, env: NodeJS.ProcessEnv = {}): Promise<MariadbServer> {
    binary('mariadbd');
    const server = new MariadbServer(new ServerHome('mariadb', env), await freePort(), settings);
    await server.#initialise();
    return server;
  }

  get dataFolder(): string {
    return this.#home.dataFolder;
  }

  /** The server's process id while it runs. */
  get pid(): number | undefined {
    return this.#home.pid;
  }

  url(database = 'mysql', scheme = 'mariadb'): string {
    return `${scheme}://root@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts the server on the same port and data as before, with these settings for this time; resolves when it accepts connections. */
  async start(settings: MariadbSettings = {}): Promise<void> {
    await this.#home.start({ ...this.#command(settings), isReady: () => this.#isReady(), withinMs: START_TIMEOUT_MS });
  }

  /** Has the server do a job after which it ends by itself, and answers what it logged meanwhile. */
  async runOnce(settings: MariadbSettings): Promise<string> {
    const { file, args } = this.#command(settings);
    return this.#home.run(file, ...args);
  }

  /** Ends all sessions, writes everything down and stops. Harmless when it does not run. */
  stop(): Promise<void> {
    return this.kill('SIGTERM');
  }

  /** Sends the server a signal (SIGKILL: a crash) and waits until it is gone. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    return this.#home.kill(signal);
  }

  /** Stops the server and deletes its folder. */
  async remove(): Promise<void> {
    // Nothing of it is needed any more, so it need not write everything down.
    await this.kill();
    await this.#home.remove();
  }

  /** The errors that it has told clients of, over restarts. */
  errorLines(): string[] {
    return this.#home.linesOf('data', 'sql_errors.log').filter((line) => line !== '' && !line.includes(GONE));
  }

  async #initialise(): Promise<void> {
    const flags = ['--auth-root-authentication-method=normal', '--skip-test-db', '--innodb-log-file-size=8M'];
    await this.#home.run(binary('mariadb-install-db'), '--no-defaults', `--datadir=${this.dataFolder}`, ...flags);
  }

  #command(more: MariadbSettings): Pick<Launch, 'file' | 'args'> {
    const { folder } = this.#home;
    const settings = Object.entries({ ...this.#settings, ...more }).map(([name, value]) => `--${name}=${value}`);
    const files = [`--port=${this.port}`, `--socket=${folder}/sock`, `--pid-file=${folder}/pid`];
    return { file: binary('mariadbd'), args: ['--no-defaults', `--datadir=${this.dataFolder}`, ...files, ...settings] };
  }

  /** It has noted its process id, so what answers on the port is no other server. */
  async #isReady(): Promise<boolean> {
    if (this.#home.linesOf('pid')[0] !== String(this.pid)) return false;
    const socket = connect(this.port, '127.0.0.1');
    try {
      // A server that is not ready may take a connection and end it, or leave it alone.
      const soon = { signal: AbortSignal.timeout(GREETS_WITHIN_MS) };
      const greeted = once(socket, 'data', soon).then(() => true);
      return await Promise.race([greeted, once(socket, 'close', soon).then(() => false)]);
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }
}

/** @throws {Error} it is not installed */
function binary(name: string): string {
  const file = found(name);
  if (file === undefined) throw new Error(`no ${name} on this machine (Debian: mariadb-server)`);
  return file;
}

const found = (name: string) => FOLDERS.map((folder) => join(folder, name)).find((file) => existsSync(file));
