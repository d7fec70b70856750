import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { freePort, hasEnded, send, startGuard, type User } from './pg-server.js';

/** Settings of `mariadbd`, by name. */
export type MariadbSettings = Readonly<Record<string, string | number>>;

// A node of a cluster may have to fetch all data from another one first.
const START_TIMEOUT_MS = 60_000;
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
  readonly #home: string;
  readonly #guard: ChildProcess;
  readonly #settings: MariadbSettings;
  readonly #env: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;

  private constructor(home: string, guard: ChildProcess, port: number, settings: MariadbSettings, env: NodeJS.ProcessEnv) {
    this.#home = home;
    this.#guard = guard;
    this.port = port;
    this.#settings = { ...DEFAULTS, ...settings };
    this.#env = env;
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
    const home = mkdtempSync(join(tmpdir(), 'locks-mariadb-'));
    const guard = startGuard(home);
    if (user) chownSync(home, user.uid, user.gid);
    const server = new MariadbServer(home, guard, await freePort(), settings, env);
    await server.#initialise();
    return server;
  }

  get dataFolder(): string {
    return join(this.#home, 'data');
  }

  /** The server's process id while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  url(database = 'mysql', scheme = 'mariadb'): string {
    return `${scheme}://root@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts the server on the same port and data as before, with these settings for this time; resolves when it accepts connections. */
  async start(settings: MariadbSettings = {}): Promise<void> {
    this.#process = this.#launch(settings);
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await this.#isReady())) {
      if (hasEnded(this.#process) || Date.now() > deadline) throw new Error(`MariaDB did not start:\n${this.#log}`);
      await setTimeout(10);
    }
  }

  /** Has the server do a job after which it ends by itself, and answers what it logged meanwhile. */
  async runOnce(settings: MariadbSettings): Promise<string> {
    const before = this.#log.length;
    const job = this.#launch(settings);
    await once(job, 'exit');
    if (job.exitCode !== 0) throw new Error(`MariaDB did not do its job:\n${this.#log.slice(before)}`);
    return this.#log.slice(before);
  }

  /** Ends all sessions, writes everything down and stops. Harmless when it does not run. */
  stop(): Promise<void> {
    return this.kill('SIGTERM');
  }

  /** Sends the server a signal (SIGKILL: a crash) and waits until it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (!server || hasEnded(server)) return;
    const gone = once(server, 'exit');
    send(server, signal);
    await gone;
    this.#guard.stdin?.write('\n');
  }

  /** Stops the server and deletes its folder. */
  async remove(): Promise<void> {
    // Nothing of it is needed any more, so it need not write everything down.
    await this.kill();
    const gone = once(this.#guard, 'exit');
    this.#guard.ref();
    this.#guard.stdin?.end();
    await gone;
  }

  /** The errors that it has told clients of, over restarts. */
  errorLines(): string[] {
    const file = join(this.dataFolder, 'sql_errors.log');
    return existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line !== '' && !line.includes(GONE))
      : [];
  }

  get #log(): string {
    return readFileSync(join(this.#home, 'log'), 'utf8');
  }

  async #initialise(): Promise<void> {
    const flags = [
      `--datadir=${this.#home}/data`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--innodb-log-file-size=8M',
    ];
    const install = this.#spawn(binary('mariadb-install-db'), '--no-defaults', ...flags);
    await once(install, 'exit');
    if (install.exitCode !== 0) throw new Error(`mariadb-install-db failed:\n${this.#log}`);
  }

  /** It has noted its process id, so what answers on the port is no other server. */
  async #isReady(): Promise<boolean> {
    const note = join(this.#home, 'pid');
    if (!existsSync(note) || readFileSync(note, 'utf8').trim() !== String(this.pid)) return false;
    const socket = connect(this.port, '127.0.0.1');
    try {
      await once(socket, 'data'); // the greeting
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }

  #launch(more: MariadbSettings): ChildProcess {
    const settings = Object.entries({ ...this.#settings, ...more }).map(([name, value]) => `--${name}=${value}`);
    const files = [`--port=${this.port}`, `--socket=${this.#home}/sock`, `--pid-file=${this.#home}/pid`];
    return this.#spawn(binary('mariadbd'), '--no-defaults', `--datadir=${this.dataFolder}`, ...files, ...settings);
  }

  #spawn(file: string, ...args: string[]): ChildProcess {
    const log = openSync(join(this.#home, 'log'), 'a');
    try {
      // A server that starts deletes what it takes for an earlier one's temporary tables, those of its neighbours included.
      const env = { ...process.env, LC_ALL: 'C', TMPDIR: this.#home, ...this.#env };
      const child = spawn(file, args, { ...user, cwd: this.#home, env, stdio: ['ignore', log, log] });
      this.#guard.stdin?.write(`${child.pid ?? ''}\n`);
      return child;
    } finally {
      closeSync(log);
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

/** MariaDB refuses to run as root without being told which user to be. */
const user: User | undefined =
  process.getuid?.() === 0
    ? { uid: Number(execFileSync('id', ['-u', 'nobody'])), gid: Number(execFileSync('id', ['-g', 'nobody'])) }
    : undefined;
